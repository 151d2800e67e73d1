//! Packets: the frames in which Git's protocol speaks.

use bytes::{Buf as _, Bytes, BytesMut};

/// The most that one packet may carry.
const LARGEST: usize = 65_516;

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Packet {
    /// Something was said.
    Data(Bytes),
    /// The end of a list or of a message.
    Flush,
    /// The end of a section of a message.
    Delimiter,
}

impl Packet {
    /// The text of a line, without its line break.
    pub(super) fn line(&self) -> Option<&str> {
        let Self::Data(data) = self else { return None };
        let text = std::str::from_utf8(data).ok()?;
        Some(text.strip_suffix('\n').unwrap_or(text))
    }
}

/// Bytes that are not packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Takes packets out of bytes as they arrive.
#[derive(Debug, Default)]
pub(super) struct Packets {
    arrived: BytesMut,
}

impl Packets {
    /// Adds what has arrived.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.arrived.extend_from_slice(bytes);
    }

    /// The next packet that is complete.
    pub(super) fn next(&mut self) -> Result<Option<Packet>, Malformed> {
        let Some(head) = self.arrived.first_chunk::<4>() else {
            return Ok(None);
        };
        if !head.iter().all(u8::is_ascii_hexdigit) {
            return Err(Malformed);
        }
        let head = std::str::from_utf8(head).map_err(|_| Malformed)?;
        let length = usize::from_str_radix(head, 16).map_err(|_| Malformed)?;
        match length {
            0..4 => {
                self.arrived.advance(4);
                // 2 ends an answer; nothing follows it that would have to be told apart.
                Ok(Some(if length == 1 {
                    Packet::Delimiter
                } else {
                    Packet::Flush
                }))
            }
            _ if self.arrived.len() < length => Ok(None),
            _ => {
                let mut packet = self.arrived.split_to(length);
                packet.advance(4);
                Ok(Some(Packet::Data(packet.freeze())))
            }
        }
    }

    /// Whether bytes are left that are no whole packet.
    pub(super) fn is_empty(&self) -> bool {
        self.arrived.is_empty()
    }
}

/// Puts a message together.
#[derive(Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// Adds a line. A line longer than a packet can be is cut: no name in Git is that long.
    pub(super) fn line(mut self, line: &str) -> Self {
        self.add(line);
        self
    }

    /// Adds lines.
    pub(super) fn lines<I: IntoIterator<Item = String>>(mut self, lines: I) -> Self {
        for line in lines {
            self.add(&line);
        }
        self
    }

    /// Ends a list.
    pub(super) fn flush(mut self) -> Self {
        self.0.extend_from_slice(b"0000");
        self
    }

    /// Ends a section.
    pub(super) fn delimiter(mut self) -> Self {
        self.0.extend_from_slice(b"0001");
        self
    }

    /// The message as it is sent.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn add(&mut self, line: &str) {
        let line = line.as_bytes();
        let line = line.get(..LARGEST).unwrap_or(line);
        self.0
            .extend_from_slice(format!("{:04x}", line.len() + 4).as_bytes());
        self.0.extend_from_slice(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8], at_a_time: usize) -> Result<Vec<Packet>, Malformed> {
        let mut packets = Packets::default();
        let mut found = Vec::new();
        for part in bytes.chunks(at_a_time) {
            packets.push(part);
            while let Some(packet) = packets.next()? {
                found.push(packet);
            }
        }
        Ok(found)
    }

    #[test]
    fn packets_arrive_in_pieces() {
        let message = Message::default()
            .line("want a\n")
            .delimiter()
            .line("")
            .flush();
        let message = message.into_bytes();
        assert_eq!(message, b"000bwant a\n000100040000");
        for at_a_time in 1..=message.len() {
            let found = all(&message, at_a_time).unwrap();
            assert_eq!(found[0].line(), Some("want a"));
            assert_eq!(
                found[1..],
                [Packet::Delimiter, Packet::Data(Bytes::new()), Packet::Flush]
            );
        }
    }

    #[test]
    fn other_bytes_are_refused() {
        assert_eq!(all(b"<!DOCTYPE html>", 99), Err(Malformed));
        assert_eq!(all("00ä0".as_bytes(), 99), Err(Malformed));
        assert_eq!(all(b"+00a", 99), Err(Malformed));
        assert_eq!(all(b"00", 1), Ok(Vec::new()));
    }
}
