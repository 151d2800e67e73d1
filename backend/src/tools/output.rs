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
