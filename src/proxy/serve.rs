//! The proxy on a port.

use std::{pin::pin, time::Duration};

use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, server::graceful::GracefulShutdown, service::TowerToHyperService};
use tokio::{net::TcpListener, task::JoinSet, time};

use super::app::Proxy;

/// How long a listener rests that cannot accept (the process has no file handles left).
const REST: Duration = Duration::from_millis(50);

/// Serves until `stop` is done. Calls that are under way then have this much patience left; what is still open after it is
/// cut off, and recorded as cancelled.
///
/// Shut the ledger down afterwards: what was recorded last is stored then.
pub async fn serve(listener: TcpListener, proxy: Proxy<Incoming>, stop: impl Future<Output = ()>, patience: Duration) {
    let (open, mut connections) = (GracefulShutdown::new(), JoinSet::new());
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
        // The answer's `date` is the provider's, or there is none.
        let connection = http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(stream), service);
        connections.spawn(open.watch(connection));
    }
    drop(listener);
    // Whether all were done in time makes no difference: none is left after this.
    let _ = time::timeout(patience, open.shutdown()).await;
    connections.shutdown().await;
}
