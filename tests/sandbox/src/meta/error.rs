//! Graph API errors: codes, titles and the JSON they travel in.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// One error of the Graph API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GraphError {
    pub(crate) status: u16,
    pub(crate) code: u32,
    pub(crate) subcode: Option<u32>,
    pub(crate) is_transient: bool,
    pub(crate) message: &'static str,
    pub(crate) title: &'static str,
    /// What the sender reads. Names no event and no value.
    pub(crate) user_message: String,
    /// Path of the culprit, kept for the page, never answered.
    pub(crate) place: String,
}

/// Subcodes of code 100.
pub(crate) mod subcode {
    pub(crate) const NO_SUCH_OBJECT: u32 = 33;
    pub(crate) const MALFORMED_CLICK_ID: u32 = 2_804_001;
    pub(crate) const TOO_OLD: u32 = 2_804_003;
    pub(crate) const EVENT_FIELD: u32 = 2_804_007;
    pub(crate) const SOURCE: u32 = 2_804_016;
    pub(crate) const USER_DATA: u32 = 2_804_017;
    pub(crate) const CUSTOM_DATA: u32 = 2_804_019;
    pub(crate) const STRUCTURE: u32 = 2_804_048;
    pub(crate) const WEAK_MATCH: u32 = 2_804_050;
}

impl GraphError {
    /// Returns code 100 for something wrong in the request.
    pub(crate) fn invalid(
        subcode: u32,
        title: &'static str,
        place: impl Into<String>,
        user_message: impl Into<String>,
    ) -> Self {
        Self {
            status: 400,
            code: 100,
            subcode: Some(subcode),
            is_transient: false,
            message: "Invalid parameter",
            title,
            user_message: user_message.into(),
            place: place.into(),
        }
    }

    /// Returns code 190: the token is missing, wrong or expired.
    pub(crate) fn bad_token(expired: bool) -> Self {
        Self {
            status: 400,
            code: 190,
            subcode: expired.then_some(463),
            is_transient: false,
            message: if expired {
                "Error validating access token: Session has expired"
            } else {
                "Invalid OAuth access token - Cannot parse access token"
            },
            title: "Access Token Invalid",
            user_message: "The access token is missing, wrong or expired.".to_owned(),
            place: String::new(),
        }
    }

    /// Returns code 3 or 200: the app or the token may not do this.
    pub(crate) fn no_permission(code: u32) -> Self {
        Self {
            status: if code == 200 { 403 } else { 400 },
            code,
            message: if code == 200 {
                "(#200) Permissions error"
            } else {
                "(#3) Application does not have the capability to make this API call"
            },
            title: "No Permission",
            user_message: "The token has no permission for this dataset.".to_owned(),
            ..Self::bad_token(false)
        }
    }

    /// Returns 100/33: no such dataset, or no permission for it.
    pub(crate) fn unknown_dataset() -> Self {
        Self {
            message: "Unsupported post request. Object does not exist, cannot be loaded due to missing \
                      permissions, or does not support this operation",
            ..Self::invalid(
                subcode::NO_SUCH_OBJECT,
                "Unsupported Post Request",
                "",
                "The dataset does not exist or the token has no permission for it.",
            )
        }
    }

    /// Returns a temporary error: code 1, 2, 341, 368, 5000 or 21009.
    pub(crate) fn transient(code: u32) -> Self {
        Self {
            status: if matches!(code, 341 | 368) { 400 } else { 500 },
            code,
            subcode: None,
            is_transient: matches!(code, 1 | 2 | 341),
            message: match code {
                341 => "Application limit reached",
                368 => "The action attempted is temporarily blocked",
                _ => "An unexpected error has occurred. Please retry your request later.",
            },
            title: "Service Temporarily Unavailable",
            user_message: "Please retry later.".to_owned(),
            place: String::new(),
        }
    }

    /// Returns a rate limit: code 4, 17, 613 or 80000 to 80014.
    pub(crate) fn rate_limit(code: u32) -> Self {
        Self {
            status: 400,
            code,
            subcode: None,
            is_transient: !matches!(code, 17 | 613),
            message: match code {
                4 => "Application request limit reached",
                17 => "User request limit reached",
                613 => "Calls to this api have exceeded the rate limit.",
                _ => "There have been too many calls to this business use case",
            },
            title: "Rate Limit Reached",
            user_message: "There have been too many calls. Wait a bit and try again.".to_owned(),
            place: String::new(),
        }
    }

    /// Returns the code as the control API writes it.
    pub(crate) fn code_text(&self) -> String {
        self.subcode.map_or_else(
            || self.code.to_string(),
            |sub| format!("{}/{sub}", self.code),
        )
    }

    /// Returns title, message and place in one sentence, for the page.
    pub(crate) fn reason(&self) -> String {
        if self.place.is_empty() {
            return format!("{}: {}", self.title, self.user_message);
        }
        format!("{}: {} ({})", self.title, self.user_message, self.place)
    }

    /// Returns the HTTP answer.
    pub(crate) fn answer(&self, trace_id: &str) -> Response {
        let mut error = json!({
            "message": self.message,
            "type": "OAuthException",
            "code": self.code,
            "is_transient": self.is_transient,
            "error_user_title": self.title,
            "error_user_msg": self.user_message,
            "fbtrace_id": trace_id,
        });
        if let (Some(sub), Some(map)) = (self.subcode, error.as_object_mut()) {
            map.insert("error_subcode".to_owned(), json!(sub));
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = (status, Json(json!({ "error": error }))).into_response();
        if self.code == 190 {
            response.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("OAuth \"Facebook Platform\" \"invalid_token\""),
            );
        }
        response
    }
}
