//! Bodies that clients have compressed.

use std::io::Read as _;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, StatusCode};

use super::answer::Refused;
use super::body;
use super::room::{Gathered, Room};

/// Unpacked at a time, in bytes.
const CHUNK_BYTES: usize = 16 * 1024;

/// Returns the body as it was before compression, of at most `most` bytes: what would be larger is given up there.
pub(super) async fn unpacked(
    room: &Arc<Room>,
    headers: &HeaderMap,
    bytes: Gathered,
    most: usize,
) -> Result<Gathered, Refused> {
    let encoding = headers
        .get(CONTENT_ENCODING)
        .map(http::HeaderValue::as_bytes);
    match encoding {
        None | Some(b"identity") => Ok(bytes),
        Some(name) if name.eq_ignore_ascii_case(b"gzip") => {
            let room = Arc::clone(room);
            let unpacked = tokio::task::spawn_blocking(move || unpack(&room, &bytes, most)).await;
            unpacked.map_err(|_| unreadable())?
        }
        Some(_) => Err(Refused::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_encoding",
            "Content-Encoding must be gzip or absent",
        )),
    }
}

pub(super) fn unpack(room: &Arc<Room>, bytes: &[u8], most: usize) -> Result<Gathered, Refused> {
    let mut packed = MultiGzDecoder::new(bytes);
    let mut out = Gathered::new(room, most);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let read = packed.read(&mut chunk).map_err(|_| unreadable())?;
        let new = chunk.get(..read).unwrap_or_default();
        if new.is_empty() {
            return Ok(out);
        }
        if new.len() > most - out.len() {
            return Err(body::too_large(most));
        }
        out.push(new)?;
    }
}

fn unreadable() -> Refused {
    Refused::new(
        StatusCode::BAD_REQUEST,
        "body_unreadable",
        "the body is not gzip, or broke off",
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn unpack(bytes: &[u8], most: usize) -> Result<Vec<u8>, Refused> {
        super::unpack(&Room::new(most), bytes, most).map(|out| out.to_vec())
    }

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_body_comes_out_as_it_went_in() {
        assert_eq!(unpack(&packed(b"{}"), 2).unwrap(), b"{}");
    }

    #[test]
    fn a_bomb_is_given_up_at_the_limit() {
        let bomb = packed(&vec![b' '; 8 << 20]);
        assert!(bomb.len() < 16 << 10, "{}", bomb.len());
        let refused = unpack(&bomb, 1 << 20).unwrap_err();
        assert_eq!(
            (refused.status, refused.code),
            (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large")
        );
    }

    #[test]
    fn what_is_unpacked_needs_room_too() {
        let body = packed(&vec![b' '; 20_000]);
        let room = Room::new(10_000);
        let refused = super::unpack(&room, &body, 1 << 20).unwrap_err();
        assert_eq!(refused.code, "overloaded");
        assert_eq!(room.taken(), 0);
    }

    #[test]
    fn what_is_cut_or_no_gzip_is_unreadable() {
        let whole = packed(b"{\"batch\":[]}");
        for bytes in [&whole[..whole.len() - 9], b"{}".as_slice(), b""] {
            assert_eq!(unpack(bytes, 1024).unwrap_err().code, "body_unreadable");
        }
    }
}
