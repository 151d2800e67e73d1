//! Reads what a program prints, without trusting it to stop.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

const CHUNK: usize = 16 << 10;

/// Everything up to the end, or nothing if that is more than `limit` bytes.
pub(super) async fn read_bounded(
    from: &mut (impl AsyncRead + Unpin),
    limit: usize,
) -> io::Result<Option<Vec<u8>>> {
    let mut read = Vec::new();
    from.take(limit as u64 + 1).read_to_end(&mut read).await?;
    Ok((read.len() <= limit).then_some(read))
}

/// The last `limit` bytes.
pub(super) async fn read_tail(
    from: &mut (impl AsyncRead + Unpin),
    limit: usize,
) -> io::Result<Vec<u8>> {
    let mut tail = Vec::new();
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = from.read(&mut chunk).await?;
        if count == 0 {
            break;
        }
        tail.extend_from_slice(chunk.get(..count).unwrap_or_default());
        if 2 * limit < tail.len() {
            tail.drain(..tail.len() - limit);
        }
    }
    tail.drain(..tail.len().saturating_sub(limit));
    Ok(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn too_much_is_not_read() {
        let read = async |text: &[u8]| read_bounded(&mut &*text, 4).await.unwrap();
        assert_eq!(read(b"abcd").await.as_deref(), Some(b"abcd".as_slice()));
        assert_eq!(read(b"abcde").await, None);
    }

    #[tokio::test]
    async fn of_a_long_text_the_end_is_kept() {
        let long: Vec<u8> = (0..100_000_u32)
            .map(|n| b'a' + u8::try_from(n % 26).unwrap())
            .collect();
        assert_eq!(
            read_tail(&mut long.as_slice(), 10).await.unwrap(),
            long[99_990..]
        );
        assert_eq!(read_tail(&mut b"ab".as_slice(), 10).await.unwrap(), b"ab");
    }
}
