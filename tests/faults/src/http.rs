//! As much HTTP/1.1 as a fault needs: whole messages with a `content-length`, read and passed on byte by byte.

use std::io;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};

/// Largest head that is read, in bytes.
const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Largest body that is read, in bytes.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// A request or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// First line and headers, with the empty line at the end.
    pub head: String,
    /// Body.
    pub body: Vec<u8>,
}

impl Message {
    /// Returns the status of an answer, 0 where there is none.
    pub fn status(&self) -> u16 {
        let status = self.head.split(' ').nth(1);
        status
            .and_then(|status| status.parse().ok())
            .unwrap_or_default()
    }

    /// Returns the first part of a request's path.
    pub fn first_segment(&self) -> &str {
        let path = self.head.split(' ').nth(1).unwrap_or_default();
        path.split('/').nth(1).unwrap_or_default()
    }

    /// Returns a header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Returns the message without a header.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        let kept: Vec<&str> = self
            .head
            .split_inclusive("\r\n")
            .filter(|line| {
                line.split_once(':')
                    .is_none_or(|(key, _)| !key.eq_ignore_ascii_case(name))
            })
            .collect();
        self.head = kept.concat();
        self
    }

    /// Returns the message with one more header.
    #[must_use]
    pub fn with(mut self, line: &str) -> Self {
        self.head.truncate(self.head.len().saturating_sub(2));
        self.head.push_str(line);
        self.head.push_str("\r\n\r\n");
        self
    }

    /// Returns what travels.
    pub fn bytes(&self) -> Vec<u8> {
        [self.head.as_bytes(), &self.body].concat()
    }
}

/// Returns an answer.
pub fn answer(status: u16, content_type: &str, more: &str, body: &str) -> Message {
    Message {
        head: format!(
            "HTTP/1.1 {status} Fault\r\ncontent-type: {content_type}\r\n{more}content-length: {}\r\n\r\n",
            body.len()
        ),
        body: body.as_bytes().to_vec(),
    }
}

/// Reads the next message; `None` where the other side has closed.
pub async fn read<R: AsyncRead + Unpin>(stream: &mut BufReader<R>) -> io::Result<Option<Message>> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let room = (MAX_HEAD_BYTES - head.len()) as u64;
        if (&mut *stream).take(room).read_line(&mut head).await? == 0 {
            return if head.is_empty() {
                Ok(None)
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
    }
    let mut message = Message {
        head,
        body: Vec::new(),
    };
    let length = message.header("content-length").unwrap_or("0").parse();
    let length: usize = length.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    if length > MAX_BODY_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    message.body = vec![0; length];
    stream.read_exact(&mut message.body).await?;
    Ok(Some(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_are_read_whole_one_after_the_other() {
        let two = b"POST /meta/v1/x HTTP/1.1\r\nContent-Length: 3\r\nconnection: close\r\n\r\nabcHTTP/1.1 204 No\r\n\r\n";
        let mut stream = BufReader::new(&two[..]);
        let first = read(&mut stream).await.unwrap().unwrap();
        assert_eq!(
            (first.first_segment(), &first.body[..]),
            ("meta", &b"abc"[..])
        );
        assert_eq!(first.header("Connection"), Some("close"));
        let changed = first.without("connection").with("x: y");
        assert_eq!(
            changed.head,
            "POST /meta/v1/x HTTP/1.1\r\nContent-Length: 3\r\nx: y\r\n\r\n"
        );
        assert_eq!(read(&mut stream).await.unwrap().unwrap().status(), 204);
        assert_eq!(read(&mut stream).await.unwrap(), None);
        assert!(read(&mut BufReader::new(&b"HTTP/1.1 2"[..])).await.is_err());
    }
}
