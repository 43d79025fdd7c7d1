//! The proxy on a port.

use std::{
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hyper::{body::Incoming, rt::Executor};
use hyper_util::{
    rt::TokioIo,
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, task::JoinSet, time};

use super::app::Proxy;

/// How long a listener rests that cannot accept (the process has no file handles left).
const REST: Duration = Duration::from_millis(50);

/// Serves HTTP/1.1, and HTTP/2 to clients that begin with it, until `stop` is done. Calls that are under way then have this much patience left; what is still open after it is
/// cut off, and recorded as cancelled.
///
/// Shut the ledger down afterwards: what was recorded last is stored then.
pub async fn serve(listener: TcpListener, proxy: Proxy<Incoming>, stop: impl Future<Output = ()>, patience: Duration) {
    let (open, mut connections, exchanges) = (GracefulShutdown::new(), JoinSet::new(), Exchanges::default());
    let mut server = auto::Builder::new(exchanges.clone());
    // The answer's `date` is the provider's, or there is none.
    server.http1().auto_date_header(false).http2().auto_date_header(false);
    let mut stop = pin!(stop);
    loop {
        let stream = tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => {
                    time::sleep(REST).await;
                    continue;
                }
            },
        };
        // Without it a chunk may wait for the one before it to be acknowledged.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(proxy.clone());
        let connection = server.serve_connection(TokioIo::new(stream), service).into_owned();
        connections.spawn(open.watch(connection));
    }
    drop(listener);
    // Whether all were done in time makes no difference: none is left after this.
    let _ = time::timeout(patience, open.shutdown()).await;
    connections.shutdown().await;
    let mut exchanges = exchanges.take();
    exchanges.shutdown().await;
}

/// The exchanges of connections that carry several at once. They end with their connection, and are waited for.
#[derive(Clone, Debug, Default)]
struct Exchanges(Arc<Mutex<JoinSet<()>>>);

impl Exchanges {
    fn take(&self) -> JoinSet<()> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Exchanges {
    fn execute(&self, exchange: F) {
        let mut exchanges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while exchanges.try_join_next().is_some() {}
        exchanges.spawn(exchange);
    }
}
