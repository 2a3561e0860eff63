use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;

const MS: u64 = 1_000_000;

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn an_idle_sender_has_its_burst_and_a_steady_one_its_rate() {
    let rate = Rate::new(10, 3).unwrap();
    let start = 5_000 * MS;
    let mut full_at = 0;
    for request in 0..3 {
        full_at = rate
            .take(full_at, start)
            .unwrap_or_else(|wait| panic!("{request}: {wait:?}"));
    }
    assert_eq!(rate.take(full_at, start), Err(Duration::from_millis(100)));
    assert_eq!(
        rate.take(full_at, start + 40 * MS),
        Err(Duration::from_millis(60)),
        "a refused request costs nothing"
    );
    for step in 1..50 {
        full_at = rate.take(full_at, start + step * 100 * MS).unwrap();
    }
}

proptest::proptest! {
    #[test]
    fn no_window_lets_more_through_than_burst_and_rate(
        per_second in 1_u32..2_000,
        burst in 1_u32..50,
        gaps in proptest::collection::vec(0_u64..20 * MS, 1..400),
    ) {
        let rate = Rate::new(per_second, burst).unwrap();
        let (mut now, mut full_at, mut passed) = (0, 0, 0_u64);
        for gap in gaps {
            now += gap;
            match rate.take(full_at, now) {
                Ok(later) => { full_at = later; passed += 1; }
                Err(wait) => {
                    let then = now + u64::try_from(wait.as_nanos()).unwrap();
                    proptest::prop_assert!(rate.take(full_at, then).is_ok(), "the wait is enough");
                }
            }
        }
        // One token's time is rounded down to whole nanoseconds.
        let token_ns = 1_000_000_000 / u64::from(per_second);
        proptest::prop_assert!(passed <= u64::from(burst) + now / token_ns);
    }
}

#[test]
fn no_rate_is_no_limit() {
    assert_eq!(Rate::new(0, 10), None);
    let limits = LimitsSection {
        requests_per_second_per_address: 0,
        requests_per_second_per_key: 0,
        ..LimitsSection::default()
    };
    let rates = RateLimits::new(&limits, ["web"]);
    for _ in 0..10_000 {
        assert_eq!(rates.take_key("web"), Ok(()));
        assert_eq!(rates.take_address(address("203.0.113.9")), Ok(()));
    }
}

#[test]
fn each_sender_has_a_bucket_of_its_own() {
    let limits = LimitsSection {
        requests_per_second_per_address: 1,
        request_burst_per_address: 1,
        requests_per_second_per_key: 1,
        request_burst_per_key: 1,
        ..LimitsSection::default()
    };
    let rates = RateLimits::new(&limits, ["web", "erp"]);
    for (sender, is_let_in) in [
        ("203.0.113.9", true),
        ("203.0.113.9", false),
        ("203.0.113.10", true),
        ("2001:db8:0:1::1", true),
        ("2001:db8:0:1:ffff::2", false),
        ("2001:db8:0:2::1", true),
        ("::ffff:203.0.113.9", false),
        ("127.0.0.1", true),
        ("127.0.0.1", true),
        ("10.1.2.3", true),
        ("10.1.2.3", true),
        ("fd00::1", true),
        ("fd00::1", true),
        ("100.64.0.1", true),
        ("100.64.0.1", true),
        ("100.128.0.1", true),
        ("100.128.0.1", false),
    ] {
        let taken = rates.take_address(address(sender));
        assert_eq!(taken.is_ok(), is_let_in, "{sender}");
    }
    for (source, is_let_in) in [("web", true), ("web", false), ("erp", true)] {
        assert_eq!(rates.take_key(source).is_ok(), is_let_in, "{source}");
    }
}

#[test]
fn memory_is_bounded_whoever_comes() {
    const BOUND: usize = 100;
    let rate = Rate::new(1, 1).unwrap();
    let mut addresses = Addresses::new(BOUND);
    let faithful = address("203.0.113.9");
    assert!(addresses.take(rate, faithful, 0).outcome.is_ok());
    let mut forgotten = 0;
    for host in 0..10_000_u32 {
        let stranger = IpAddr::V4(Ipv4Addr::from(0x0800_0000 + host));
        forgotten += addresses.take(rate, stranger, 1).forgotten;
        assert!(
            addresses.take(rate, faithful, 1).outcome.is_err(),
            "one that keeps coming is not forgotten"
        );
        assert!(addresses.len() <= BOUND, "{} buckets", addresses.len());
    }
    assert!(forgotten > 9_000, "{forgotten}");
    let old = addresses.len();
    for host in 0..10_000_u64 {
        let stranger = IpAddr::V6(Ipv6Addr::from_bits(u128::from(host) + (0x2001 << 112)));
        addresses.take(rate, stranger, 1);
    }
    assert!(addresses.len() <= old + 1, "a /64 is one sender");
}

#[test]
fn the_wait_is_told_in_whole_seconds() {
    for (wait_ms, want) in [(1, 1), (999, 1), (1_000, 1), (1_001, 2)] {
        let too_fast = TooFast {
            by: By::Key,
            wait: Duration::from_millis(wait_ms),
        };
        assert_eq!(too_fast.retry_after_secs(), want, "{wait_ms}");
    }
}
