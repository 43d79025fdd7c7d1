//! Patterns with `*`.

/// Whether `name` fits `pattern`, in which each `*` stands for any text, also for none. ASCII capitals do not matter.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    // Where to go on when a letter does not fit: behind the last star, which then swallows one letter more.
    let mut retry = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                p += 1;
                retry = Some((p, n));
            }
            Some(letter) if letter.eq_ignore_ascii_case(&name[n]) => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((star, swallowed)) = retry else { return false };
                p = star;
                n = swallowed + 1;
                retry = Some((star, n));
            }
        }
    }
    pattern[p..].iter().all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name) in [
            ("llama3.1*", "llama3.1"),
            ("llama3.1*", "Llama3.1:8b"),
            ("*", ""),
            ("*mini*", "gpt-4o-mini-2024-07-18"),
            ("a*b*c", "aXbbYc"),
            ("**a", "baa"),
            ("GPT-4", "gpt-4"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("llama3.1", "llama3.1:8b"), ("*mini", "minimal"), ("", "a"), ("a*b", "a"), ("a.c", "abc")]
        {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }
}
