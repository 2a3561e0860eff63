//! Several frameworks speak of one visitor: the stricter answer counts.

use crate::consent::PURPOSES;

/// Answers to the purposes in the order of [`Purpose::ALL`](crate::consent::Purpose::ALL); `None` says nothing.
pub type Answers = [Option<bool>; PURPOSES];

/// What says nothing about any purpose.
pub const SILENT: Answers = [None; PURPOSES];

/// Returns the joint answers, and whether two of them contradict each other about any purpose.
///
/// A no beats everything, a yes beats silence.
pub fn combine(all: &[Answers]) -> (Answers, bool) {
    let mut joint = SILENT;
    let mut do_disagree = false;
    for answers in all {
        for (slot, answer) in joint.iter_mut().zip(answers) {
            match (*slot, *answer) {
                (_, None) => {}
                (None, said) => *slot = said,
                (Some(before), Some(said)) => {
                    do_disagree |= before != said;
                    *slot = Some(before && said);
                }
            }
        }
    }
    (joint, do_disagree)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stricter_answer_counts() {
        let yes = Some(true);
        let no = Some(false);
        for (all, want, do_disagree) in [
            (&[][..], [None; 4], false),
            (&[[yes, no, None, None]][..], [yes, no, None, None], false),
            (
                &[[yes, no, None, yes], [None, no, yes, yes]][..],
                [yes, no, yes, yes],
                false,
            ),
            (
                &[[yes, None, None, no], [no, None, None, no]][..],
                [no, None, None, no],
                true,
            ),
            (
                // A contradiction stays one whoever speaks last.
                &[
                    [no, None, None, None],
                    [yes, None, None, None],
                    [no, None, None, None],
                ][..],
                [no, None, None, None],
                true,
            ),
        ] {
            assert_eq!(combine(all), (want, do_disagree), "{all:?}");
        }
    }
}
