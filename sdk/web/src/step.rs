//! What the surface asks for, by number; the same list is `npm/src/steps.ts`.

/// Starts with options, one a line ([`crate::config`] has their order).
pub const START: u32 = 0;
/// Goes to a page: address, referrer. Answers `1` when it is another one.
pub const NAVIGATE: u32 = 1;
/// Takes an event: name, id, properties as JSON (`!` when they could not be written), title of the page; the number is its time in epoch
/// milliseconds, 0 for now.
/// The surface makes the id (`npm/src/stub.ts`): the stub has to before this module is there.
pub const TRACK: u32 = 2;
/// Takes the shop's own id of the visitor, empty when it is not told. Answers with `d` when digests are wanted, `n` when this is another visitor.
pub const IDENTIFY: u32 = 3;
/// Takes digests: a line `key<tab>digest` each, without a digest to forget one.
pub const DIGESTS: u32 = 4;
/// Answers the consent evidence, the policy's version, what is allowed as `1` and `0` (four purposes, prompt, opt-out to be shown, a framework is
/// awaited), and a letter for what decided about each purpose: `e`xplicit choice, `g`pc, `f`ramework, `a`ge, `r`egime.
pub const CONSENT: u32 = 5;
/// Takes a choice: `1`, `0` or `-` per purpose in wire order, basis; the number is 1 after a notice about Global Privacy Control. Answers the
/// anonymous id that the collector is told of the choice under, if there is one.
pub const CHOOSE: u32 = 6;
/// Forgets the visitor.
pub const RESET: u32 = 7;
/// Sends what waits.
pub const FLUSH: u32 = 8;
/// Answers the status as JSON.
pub const STATUS: u32 = 9;
/// The page is hidden.
pub const HIDDEN: u32 = 10;
/// The page is left, perhaps for the back/forward cache.
pub const LEFT: u32 = 11;
/// The page is back from the back/forward cache.
pub const RETURNED: u32 = 12;
/// The network or the visitor is back.
pub const WOKE: u32 = 13;
/// Another tab changed the storage: key, empty when all of it was cleared.
pub const STORAGE: u32 = 14;
/// The timer ran out.
pub const TICK: u32 = 15;
/// The answer to `host::lock`: 1 when it is ours.
pub const LOCKED: u32 = 16;
/// The answer to `host::send`: HTTP status, 0 for none; the number is the time to wait in seconds, negative when none was told.
pub const SENT: u32 = 17;
/// Digests are being made (1) or ready (0): sends wait for them.
pub const PAUSE: u32 = 18;
/// A consent framework answers: `1`, `0` or `-` per purpose in wire order, then its name (`tcf`, `gpp`, `consent_mode`, `shopify`, `cmp`);
/// the number is 1 while its answer is awaited and 0 once it is settled. Events are held while it is awaited, which the caller bounds; with the
/// option `signals` that is so from the start. The answers stand beside the visitor's own choice, are kept in memory only, and replace those
/// of the last such step; `----` takes them back. Answers the anonymous id that the collector is told of the change under; empty where nobody
/// has to be told.
pub const SIGNAL: u32 = 19;
