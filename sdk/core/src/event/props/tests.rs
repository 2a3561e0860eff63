//! Parameters are read exactly, and what is wrong is refused with its code.

use super::value::shown;
use super::*;
use proptest::prelude::*;

fn code(json: &str) -> &'static str {
    Props::parse(json).expect_err(json).code
}

#[test]
fn a_ga4_purchase_is_read_exactly() {
    let props = Props::parse(
        r##"{"transaction_id":"#1001","currency":"eur","value":59.80,"tax":"9.55","gift":true,
            "items":[{"item_id":17,"item_name":"Mug","price":29.90,"quantity":2,"glaze":"blue"}]}"##,
    )
    .unwrap();
    assert_eq!(props.transaction_id.as_deref(), Some("1001"));
    assert_eq!(props.currency.unwrap().as_str(), "EUR");
    assert_eq!(props.value.unwrap().to_text(), "59.8");
    assert_eq!(props.tax.unwrap().to_text(), "9.55");
    assert_eq!(props.items[0].item_id.as_deref(), Some("17"));
    assert_eq!(
        props.items[0].other["glaze"],
        Scalar::Text("blue".to_owned())
    );
    assert_eq!(props.other["gift"], Scalar::Bool(true));
}

#[test]
fn segment_parameters_are_aliases() {
    let props = Props::parse(
        r#"{"order_id":"1001","total":10,"products":[{"product_id":"p1","sku":"s1","name":"Mug","price":5,"quantity":2}]}"#,
    )
    .unwrap();
    assert_eq!(props.transaction_id.as_deref(), Some("1001"));
    assert_eq!(props.value.unwrap().to_text(), "10");
    assert_eq!(props.items[0].item_id.as_deref(), Some("p1"));
}

#[test]
fn worth_without_a_value_is_the_sum_of_the_items() {
    for (json, want) in [
        (r#"{"value":7,"items":[{"price":1}]}"#, Some("7")),
        (
            r#"{"items":[{"price":0.1,"quantity":3},{"price":"0.20"},{"price":0}]}"#,
            Some("0.5"),
        ),
        (r#"{"items":[{"price":0}]}"#, Some("0")),
        (r#"{"items":[{"item_id":"a"}]}"#, None),
        ("{}", None),
    ] {
        assert_eq!(
            Props::parse(json)
                .unwrap()
                .worth()
                .map(Decimal::to_text)
                .as_deref(),
            want
        );
    }
}

#[test]
fn wrong_values_have_their_code() {
    for (json, want) in [
        (r#"{"currency":"XXX"}"#, "invalid_currency"),
        (r#"{"currency":5}"#, "invalid_currency"),
        (r#"{"value":"12 EUR"}"#, "invalid_money"),
        (r#"{"value":[]}"#, "invalid_money"),
        (r#"{"items":{}}"#, "invalid_item"),
        (r#"{"items":[5]}"#, "invalid_item"),
        (r#"{"items":[{"quantity":-1}]}"#, "invalid_item"),
        (r#"{"items":[{"price":"x"}]}"#, "invalid_money"),
        (
            r#"{"transaction_id":"jane@example.com"}"#,
            "invalid_transaction_id",
        ),
        (r#"{"coupon":{}}"#, "invalid_props"),
        ("[]", "invalid_props"),
    ] {
        assert_eq!(code(json), want, "{json}");
    }
}

#[test]
fn hostile_sizes_are_refused() {
    let many: Vec<String> = (0..10_000).map(|i| format!("\"k{i}\":1")).collect();
    let many = many.join(",");
    assert_eq!(code(&format!("{{{many}}}")), "too_many_props");
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000));
    assert_eq!(code(&deep), "too_deep");
    let long = format!("{{\"coupon\":\"{}\"}}", "x".repeat(MAX_TEXT_BYTES + 1));
    assert_eq!(code(&long), "invalid_props");
    let items = format!("{{\"items\":[{}{{}}]}}", "{},".repeat(MAX_ITEMS));
    assert_eq!(code(&items), "invalid_item");
}

#[test]
fn an_error_never_holds_the_value() {
    for json in [
        r#"{"currency":"jane@example.com"}"#,
        r#"{"value":"jane@example.com"}"#,
        r#"{"jane@example.com":"x"}"#,
    ] {
        if let Err(error) = Props::parse(json) {
            assert!(!error.message.contains("jane"), "{}", error.message);
        }
    }
    assert_eq!(shown("jane@example.com"), "a parameter");
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(json in ".*") {
        let _ = Props::parse(&json);
    }
}
