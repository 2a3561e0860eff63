//! Whatever JSON arrives, every door answers in its own form and stays up.

mod common;

use common::{Bench, bend, ga4_purchase, meta_purchase, tiktok_purchase};
use proptest::prelude::*;
use serde_json::{Value, json};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,70}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((".{0,12}", inner), 0..5)
                .prop_map(|pairs| pairs.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

fn places(body: &Value, at: &str, found: &mut Vec<String>) {
    match body {
        Value::Object(map) => {
            for (key, value) in map {
                found.push(format!("{at}/{key}"));
                places(value, &format!("{at}/{key}"), found);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                found.push(format!("{at}/{index}"));
                places(value, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

fn bent(body: Value, place: prop::sample::Index, value: Value) -> Value {
    let mut found = Vec::new();
    places(&body, "", &mut found);
    let pointer: &String = place.get(found.as_slice());
    bend(body, pointer, value)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_anywhere_gets_a_documented_answer(place in any::<prop::sample::Index>(), value in any_json()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        runtime.block_on(async {
            let bench = Bench::new();
            let meta = bench.meta(&bent(meta_purchase(), place, value.clone())).await;
            let is_success = meta.status == 200 && meta.body["events_received"] == 1;
            assert!(is_success || (meta.status == 400 && meta.body["error"]["code"] == 100));
            let tiktok = bench.tiktok(&bent(tiktok_purchase(), place, value.clone())).await;
            assert_eq!(tiktok.status, 200);
            assert!(tiktok.body["code"] == 0 || tiktok.body["code"] == 40_002 || tiktok.body["code"] == 40_001);
            let ga4 = bench.ga4(&bent(ga4_purchase(), place, value.clone())).await;
            assert_eq!(ga4.status, 204);
            let kept = bench.events("").await;
            assert!(kept.len() >= 3);
            for body in [json!(null), value] {
                assert_eq!(bench.meta(&body).await.status, 400);
            }
        });
    }
}
