//! Bodies that clients have compressed.

use std::io::Read as _;

use axum::body::Bytes;
use flate2::read::MultiGzDecoder;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, StatusCode};

use super::answer::Refused;
use super::body;

/// Returns the body as it was before compression, of at most `most` bytes: what would be larger is given up there.
pub(super) async fn unpacked(
    headers: &HeaderMap,
    bytes: Bytes,
    most: usize,
) -> Result<Bytes, Refused> {
    let encoding = headers
        .get(CONTENT_ENCODING)
        .map(http::HeaderValue::as_bytes);
    match encoding {
        None | Some(b"identity") => Ok(bytes),
        Some(name) if name.eq_ignore_ascii_case(b"gzip") => {
            let unpacked = tokio::task::spawn_blocking(move || unpack(&bytes, most)).await;
            unpacked.map_err(|_| unreadable())?
        }
        Some(_) => Err(Refused::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_encoding",
            "Content-Encoding must be gzip or absent",
        )),
    }
}

fn unpack(bytes: &[u8], most: usize) -> Result<Bytes, Refused> {
    let mut out = Vec::new();
    let bound = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(bytes)
        .take(bound)
        .read_to_end(&mut out)
        .map_err(|_| unreadable())?;
    if out.len() > most {
        return Err(body::too_large(most));
    }
    Ok(Bytes::from(out))
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

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_body_comes_out_as_it_went_in() {
        assert_eq!(unpack(&packed(b"{}"), 2).unwrap(), "{}");
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
    fn what_is_cut_or_no_gzip_is_unreadable() {
        let whole = packed(b"{\"batch\":[]}");
        for bytes in [&whole[..whole.len() - 9], b"{}".as_slice(), b""] {
            assert_eq!(unpack(bytes, 1024).unwrap_err().code, "body_unreadable");
        }
    }
}
