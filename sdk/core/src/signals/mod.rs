//! Consent that other tools have gathered: the strings of the consent frameworks, read; and ours, told to the ad platforms.
//!
//! Pure, as all of this crate; memory is bounded by the length of the text, and no error repeats any of it. What cannot be read gives no
//! answer, and no answer is never a yes where a yes is needed ([`consent`](crate::consent)). Nothing here is reached from the module that
//! every page loads, which is built without the feature `signals`.
//!
//! | module | concept |
//! |---|---|
//! | [`tcf`] | IAB Transparency and Consent Framework, TC string version 2 (EU, UK) |
//! | [`gpp`] | IAB Global Privacy Platform: a header and its sections (US states, TCF inside) |
//! | [`gpp_sections`] | the fields of every US section, by table |
//! | [`us_privacy`] | IAB US Privacy string, four characters, legacy |
//! | [`vendors`] | sets of vendor ids without a list of them |
//! | [`joint`] | several frameworks at a time: the stricter answer |
//! | [`outbound`] | what other tools in the page are told |

mod bits;
pub mod gpp;
pub mod gpp_sections;
pub mod joint;
pub mod outbound;
pub mod tcf;
pub mod us_privacy;
pub mod vendors;

pub use joint::{Answers, SILENT, combine};
pub use outbound::{Outbound, outbound};
