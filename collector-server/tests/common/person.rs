//! Two people of a shop, everything by which one is known, and where that is to be found.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use super::{
    ADMIN_TOKEN, Answer, Collector, SHOP, batch_of, consent, event_with, now_ms, write_config,
};

/// Two people with everything by which one is known. No value of one is part of a value of the other.
pub struct Person {
    pub browser: &'static str,
    pub digest: &'static str,
    pub customer: &'static str,
    pub order: &'static str,
    pub address: &'static str,
    pub click: &'static str,
    pub agent: &'static str,
}

/// The digest is SHA-256 of jane@example.com.
pub const JANE: Person = Person {
    browser: "0199d2a4-79b0-7cc3-98c4-dc0c0c073981",
    digest: "8c87b489ce35cf2e2f39f80e282cb2e804932a56a213983eeeb428407d43b52d",
    customer: "customer-jane-77",
    order: "order-4711",
    address: "203.0.113.77",
    click: "IwAR-click-of-jane",
    agent: "Mozilla/5.0 (agent-of-jane)",
};
pub const JOHN: Person = Person {
    browser: "0199d2a4-79b0-7cc3-98c4-aaaaaaaaaaaa",
    digest: "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f",
    customer: "customer-john-99",
    order: "order-9922",
    address: "198.51.100.99",
    click: "IwAR-click-of-john",
    agent: "Mozilla/5.0 (agent-of-john)",
};

impl Person {
    pub fn user(&self) -> String {
        format!(
            r#"{{"anonymous_id":"{}","user_id":"{}","em":["{}"]}}"#,
            self.browser, self.customer, self.digest
        )
    }

    pub fn batch(&self, events: &str) -> String {
        let touch = format!(
            r#""touch":{{"last":{{"at":{},"url":"https://shop.example/","ref":"","utm":{{}},"click":{{"fbclid":"{}"}}}}}}"#,
            now_ms(),
            self.click
        );
        batch_of("pk_test", &consent(true), &self.user(), events).replacen(
            "\"events\"",
            &format!("{touch},\"events\""),
            1,
        )
    }

    pub fn send(&self, collector: &Collector, events: &str) -> Answer {
        let headers = format!(
            "\r\nx-forwarded-for: {}\r\nuser-agent: {}",
            self.address, self.agent
        );
        collector.page_with(&headers, self.batch(events).as_bytes())
    }

    /// A page view, an order with the backend's copy, a refused event, a choice: something everywhere.
    pub fn shop(&self, collector: &Collector, round: usize) {
        let order = event_with(
            "x",
            "purchase",
            &format!(
                r#"{{"transaction_id":"{}","currency":"EUR","value":5}}"#,
                self.order
            ),
        );
        let view = event_with(
            &format!("{}-view-{round}", self.customer),
            "page_view",
            "{}",
        );
        let bad = event_with(
            &format!("{}-bad-{round}", self.customer),
            "purchase",
            &format!(r#"{{"currency":"no","transaction_id":"{}"}}"#, self.order),
        );
        let answer = self.send(collector, &format!("{view},{order},{bad}"));
        assert_eq!(answer.status, 202, "{}", answer.body);
        let copy = batch_of("", &consent(true), &self.user(), &order);
        assert_eq!(collector.server(&copy).status, 202);
        let word = batch_of(
            "pk_test",
            &consent(true),
            &format!(r#"{{"anonymous_id":"{}"}}"#, self.browser),
            "",
        );
        let head = format!("POST /v1/consent HTTP/1.1\r\norigin: {SHOP}");
        assert_eq!(collector.request(&head, word.as_bytes()).status, 202);
    }

    /// Every form in which the person could be in a file.
    pub fn forms(&self) -> Vec<Vec<u8>> {
        let hex = |text: &str| -> Vec<u8> {
            let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
            (0..digits.len() / 2)
                .map(|at| u8::from_str_radix(&digits[at * 2..at * 2 + 2], 16).unwrap())
                .collect()
        };
        let mut forms: Vec<Vec<u8>> = [
            self.browser,
            self.digest,
            self.customer,
            self.order,
            self.address,
            self.click,
            self.agent,
        ]
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .collect();
        forms.push(hex(self.browser));
        forms.push(hex(self.digest));
        forms
    }
}

/// Which forms of a person are in the files of the data directory, by their places in the list.
pub fn found(dir: &Path, person: &Person) -> Vec<usize> {
    let mut bytes = Vec::new();
    for file in std::fs::read_dir(dir.join("data")).unwrap() {
        bytes.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    let holds = |form: &Vec<u8>| {
        bytes
            .windows(form.len())
            .any(|part| part == form.as_slice())
    };
    let forms = person.forms();
    (0..forms.len()).filter(|at| holds(&forms[*at])).collect()
}

/// A configuration that trusts the test as a proxy, so that visitors have addresses of their own.
pub fn config(dir: &Path) -> std::path::PathBuf {
    let path = write_config(dir, "");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replacen("[server]", "[server]\ntrusted_proxies = [\"127.0.0.1\"]", 1);
    std::fs::write(&path, text).unwrap();
    path
}

pub fn door(collector: &Collector, path: &str, body: &Value) -> Answer {
    let head = format!("POST {path} HTTP/1.1\r\nauthorization: Bearer {ADMIN_TOKEN}");
    collector.request(&head, body.to_string().as_bytes())
}

/// Runs a command; the address goes in by stdin.
pub fn ask(config: &Path, args: &[&str]) -> (bool, String, String) {
    let mut all = args.to_vec();
    all.extend(["--config", config.to_str().unwrap()]);
    let mut child = super::command(&all).stdin(Stdio::piped()).spawn().unwrap();
    // A command that does not ask for it has ended by then.
    let _ = child
        .stdin
        .take()
        .unwrap()
        .write_all(b" Jane@Example.com\n");
    let output = child.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.success(),
        text(&output.stdout),
        text(&output.stderr),
    )
}
