//! What travels from the browser and from servers to the collector (`docs/wire.md`).
//!
//! One set of types; [`encode`] writes them on both sides, [`decode`] (collector only) reads them.
//! Text is borrowed from the body wherever it holds no escapes.

mod encode;
mod evidence;
pub use encode::{encode_batch, push_answers};
pub use evidence::{Decided, Word};
pub mod drop_reason;
pub mod json;

#[cfg(feature = "decode")]
mod decode;
#[cfg(feature = "decode")]
pub use decode::{
    DecodeError, Decoded, MAX_DEPTH, Text, decode_batch, decode_event, decode_header,
};

use std::borrow::Cow;

use crate::consent::{AgeBand, Choice, Framework, Regime};

/// Version of the format.
pub const VERSION: i64 = 1;
/// Most events of one batch unless configured otherwise.
pub const MAX_EVENTS: usize = 500;
/// Largest body unless configured otherwise, in bytes.
pub const MAX_BODY_BYTES: usize = 512 * 1024;

/// A batch as it is sent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch<'a> {
    /// Browser key; empty when the key came in the `Authorization` header.
    pub write_key: Cow<'a, str>,
    /// The sender's clock when it sent, in epoch milliseconds. With the collector's own clock it
    /// gives the skew of every other time in the batch.
    pub sent_at: i64,
    /// What all events share.
    pub header: Header<'a>,
    /// The events.
    pub events: Vec<Event<'a>>,
}

/// What the events of one batch share.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Header<'a> {
    /// Where and how the events were seen.
    pub context: Context<'a>,
    /// The visitor's choice, as evidence.
    pub consent: ConsentEvidence<'a>,
    /// Who: pseudonyms and digests.
    pub user: User<'a>,
    /// First arrival.
    pub first_touch: Option<Touch<'a>>,
    /// Latest arrival.
    pub last_touch: Option<Touch<'a>>,
}

/// Where and how the events were seen.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Context<'a> {
    /// BCP 47 language of the browser.
    pub lang: Option<Cow<'a, str>>,
    /// IANA time zone.
    pub tz: Option<Cow<'a, str>>,
    /// Screen size, `1440x900`.
    pub screen: Option<Cow<'a, str>>,
    /// Sender and version, `web/0.1.0`.
    pub sdk: Option<Cow<'a, str>>,
    /// Reasons to think that this is a bot; empty for people.
    pub bot: Vec<Cow<'a, str>>,
    /// Events the sender had to drop since its last successful batch, by reason.
    pub dropped: Vec<(Cow<'a, str>, i64)>,
    /// The visitor's address. Filled by the collector, or by a server that reports for a visitor.
    pub ip: Option<Cow<'a, str>>,
    /// The visitor's user agent. Filled as `ip` is.
    pub ua: Option<Cow<'a, str>>,
}

/// The visitor's choice as evidence; the verdict is the collector's own.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ConsentEvidence<'a> {
    /// Regime the page worked under; the collector takes the stricter of this and its own.
    pub regime: Regime,
    /// The choice, if one was made.
    pub choice: Option<Choice>,
    /// How the choice was made, in the sender's word: `explicit`, `banner` …
    pub basis: Option<Cow<'a, str>>,
    /// What a consent framework says beside it.
    pub framework: Option<Framework>,
    /// The visitor's age, where the shop knows it.
    pub age: AgeBand,
    /// The browser asks not to be sold (Global Privacy Control).
    pub gpc: bool,
    /// The law of the visitor's region demands that this is honoured. Found by the collector; written only where it can be read.
    pub is_gpc_required: bool,
}

macro_rules! keys {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $wire:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vmeta])* $variant),+ }

        impl $name {
            /// All keys, in wire order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the key's name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $wire),+ }
            }

            /// Returns the key of a wire name.
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|key| key.as_str() == name)
            }
        }
    };
}

keys! {
    /// A kind of digest. The second forms exist because platforms disagree about the text to hash.
    DigestKey {
        /// E-mail, trimmed and lower-cased.
        Email = "em",
        /// E-mail in Google's form (Gmail dots and tags removed).
        EmailGoogle = "em_g",
        /// E-mail in Reddit's form (user name without tag, letters and digits only).
        EmailReddit = "em_r",
        /// E-mail in Microsoft Advertising's form (user name without tag and dots).
        EmailMicrosoft = "em_m",
        /// Phone digits with country code.
        Phone = "ph",
        /// Phone in E.164, with plus.
        PhoneE164 = "ph_e",
        /// First name without punctuation and spaces.
        FirstName = "fn",
        /// First name with punctuation.
        FirstNameGoogle = "fn_g",
        /// Last name without punctuation and spaces.
        LastName = "ln",
        /// Last name with punctuation.
        LastNameGoogle = "ln_g",
        /// City.
        City = "ct",
        /// State.
        State = "st",
        /// Postal code.
        Zip = "zp",
        /// Country.
        Country = "country",
        /// Date of birth.
        DateOfBirth = "db",
        /// Gender.
        Gender = "ge",
        /// External id, lower-cased without white space.
        ExternalId = "xid",
        /// External id, trimmed only.
        ExternalIdTrimmed = "xid_t",
    }
}

keys! {
    /// An identifier that a platform gave this browser. Sent as it is, never hashed.
    BrowserKey {
        /// Meta click id in its cookie form.
        Fbc = "fbc",
        /// Meta browser id.
        Fbp = "fbp",
        /// TikTok click id.
        Ttclid = "ttclid",
        /// TikTok browser id.
        Ttp = "ttp",
        /// GA4 client id, from `_ga`.
        GaClient = "ga_client",
        /// GA4 session id, from `_ga_<id>`.
        GaSession = "ga_session",
        /// Google Ads click id of the cookie `_gcl_aw`, where no arrival has one. Read by the collector.
        Gclid = "gclid",
        /// The same of `_gcl_gb`.
        Wbraid = "wbraid",
        /// Pinterest click id, from `_epik`. This and the following are read by the collector, too.
        Epik = "epik",
        /// Snapchat browser id, from `_scid`.
        ScCookie = "sc_cookie1",
        /// Reddit click id, from `_rdt_cid`.
        RdtCid = "rdt_cid",
        /// Reddit browser id, from `_rdt_uuid`.
        RdtUuid = "rdt_uuid",
        /// LinkedIn click id, from `li_fat_id`.
        LiFatId = "li_fat_id",
        /// Microsoft click id, from `_uetmsclkid`.
        Msclkid = "msclkid",
        /// X click id, from `twclid`.
        Twclid = "twclid",
    }
}

keys! {
    /// A clear personal value. Only a secret-key source may send one; it becomes a digest at the door.
    ClearKey {
        /// E-mail address.
        Email = "email",
        /// Phone number.
        Phone = "phone",
        /// ISO 3166-1 country of a phone number without a country code.
        PhoneCountry = "phone_country",
        /// First name.
        FirstName = "first_name",
        /// Last name.
        LastName = "last_name",
        /// City.
        City = "city",
        /// State.
        State = "state",
        /// Postal code.
        Zip = "zip",
        /// ISO 3166-1 country. On the wire `country_code`, because `country` is its digest.
        Country = "country_code",
        /// Date of birth.
        DateOfBirth = "date_of_birth",
        /// Gender.
        Gender = "gender",
        /// External id.
        ExternalId = "external_id",
    }
}

/// Who: pseudonyms and digests.
#[derive(Clone, PartialEq, Default)]
pub struct User<'a> {
    /// First-party id of the browser, UUIDv7.
    pub anonymous_id: Option<Cow<'a, str>>,
    /// The page was told to forget the visitor who was before (`reset()`): this id counts, not the one of the cookie.
    pub is_reset: bool,
    /// The shop's own id of a signed-in customer.
    pub user_id: Option<Cow<'a, str>>,
    /// Digests, 64 lower-case hex digits each; a kind may occur more than once.
    pub digests: Vec<(DigestKey, Cow<'a, str>)>,
    /// Platform identifiers of the browser.
    pub browser: Vec<(BrowserKey, Cow<'a, str>)>,
    /// Clear values from a trusted server. Never written by [`encode`].
    pub clear: Vec<(ClearKey, Cow<'a, str>)>,
    /// Clear values that the operator has a destination for which can use no digest. The collector alone puts them here, and only into its
    /// sealed log: what a sender writes is dropped at the door.
    pub kept: Vec<(ClearKey, Cow<'a, str>)>,
}

/// Shows that values are there, never the values.
impl std::fmt::Debug for User<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("User")
            .field("digests", &self.digests.len())
            .field("browser", &self.browser.len())
            .field("clear", &self.clear.len())
            .field("kept", &self.kept.len())
            .finish_non_exhaustive()
    }
}

impl User<'_> {
    /// Returns the first digest of a kind.
    pub fn digest(&self, key: DigestKey) -> Option<&str> {
        self.digests
            .iter()
            .find(|(k, _)| *k == key)
            .map(|(_, v)| v.as_ref())
    }

    /// Returns all digests of a kind.
    pub fn digests_of(&self, key: DigestKey) -> impl Iterator<Item = &str> {
        self.digests
            .iter()
            .filter(move |(k, _)| *k == key)
            .map(|(_, v)| v.as_ref())
    }

    /// Returns a platform identifier of the browser.
    pub fn browser_id(&self, key: BrowserKey) -> Option<&str> {
        self.browser
            .iter()
            .find(|(k, _)| *k == key)
            .map(|(_, v)| v.as_ref())
    }

    /// Returns a clear value that was kept.
    pub fn kept(&self, key: ClearKey) -> Option<&str> {
        self.kept
            .iter()
            .find(|(k, _)| *k == key)
            .map(|(_, v)| v.as_ref())
    }

    /// Removes everything by which another company could match the person: what remains is the
    /// shop's own pseudonym.
    pub fn remove_match_keys(&mut self) {
        self.digests.clear();
        self.clear.clear();
        self.kept.clear();
        self.browser
            .retain(|(key, _)| matches!(key, BrowserKey::GaClient | BrowserKey::GaSession));
    }
}

/// One arrival.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Touch<'a> {
    /// When, in epoch milliseconds.
    pub at: i64,
    /// Landing page: origin and path.
    pub url: Cow<'a, str>,
    /// Foreign page that led here: origin and path; empty when there is none.
    pub referrer: Cow<'a, str>,
    /// Campaign labels without their `utm_` prefix.
    pub utm: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Click ids by parameter name.
    pub click: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl Touch<'_> {
    /// Returns a click id by its parameter name.
    pub fn click_id(&self, name: &str) -> Option<&str> {
        self.click
            .iter()
            .find(|(k, _)| k == name)
            .map(|(_, v)| v.as_ref())
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Event<'a> {
    /// Its id in all copies.
    pub id: Cow<'a, str>,
    /// Its name.
    pub name: Cow<'a, str>,
    /// When it happened by the sender's clock, in epoch milliseconds.
    pub at: i64,
    /// Start of its session in epoch milliseconds, which is the session's id.
    pub session: Option<i64>,
    /// Where it happened.
    pub page: Page<'a>,
    /// Its parameters: the text of a JSON object.
    pub props: Cow<'a, str>,
}

/// The page on which an event happened.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page<'a> {
    /// Address: origin, path and campaign labels only.
    pub url: Option<Cow<'a, str>>,
    /// Page before.
    pub referrer: Option<Cow<'a, str>>,
    /// Title.
    pub title: Option<Cow<'a, str>>,
}

#[cfg(all(test, feature = "decode"))]
mod tests;
