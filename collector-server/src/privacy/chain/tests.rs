use super::*;

/// A chain of five rows.
fn chain() -> Vec<Row> {
    let mut head = Head::EMPTY;
    (1..=5)
        .map(|number| {
            let body = format!(r#"{{"number":{number},"what":"{}"}}"#, "x".repeat(3));
            head = head.then(&body);
            Row {
                number,
                hash: head.hash,
                body,
            }
        })
        .collect()
}

fn walk(rows: &[Row], pinned: Option<Head>) -> Verified {
    let mut verifier = Verifier::new(Head::EMPTY, pinned);
    for row in rows {
        verifier.take(row);
    }
    verifier.finish(0)
}

fn head_of(rows: &[Row]) -> Head {
    let last = rows.last().unwrap();
    Head {
        number: last.number,
        hash: last.hash,
    }
}

#[test]
fn a_whole_chain_has_no_fault_and_tells_its_head() {
    let rows = chain();
    let found = walk(&rows, None);
    assert_eq!((found.rows, found.faults.len()), (5, 0));
    assert_eq!(found.head, head_of(&rows));
    assert_eq!(walk(&[], None).head, Head::EMPTY);
}

#[test]
fn the_hash_is_what_the_documentation_says() {
    let body = r#"{"number":1}"#;
    let mut bytes = vec![0u8; 32];
    bytes.extend_from_slice(body.as_bytes());
    let want: [u8; 32] = Sha256::digest(&bytes).into();
    assert_eq!(Head::EMPTY.then(body).hash, Hash(want));
    // `printf "%064d" 0 | xxd -r -p; printf "{\"number\":1}"` through sha256sum.
    assert_eq!(
        Head::EMPTY.then(body).hash.to_string(),
        "b4ff2b0a8d6425120a1d45178ba4a98f99fb4642390137300132678d6c10600a"
    );
}

/// Hashes rows from this place on as one who knows the rule would.
fn rehash(rows: &mut [Row], from: usize) {
    let mut last = if from == 0 {
        Head::EMPTY
    } else {
        head_of(&rows[..from])
    };
    for row in &mut rows[from..] {
        last = last.then(&row.body);
        last.number = row.number;
        row.hash = last.hash;
    }
}

#[test]
fn every_way_to_tamper_is_found_and_named() {
    type Tamper = fn(&mut Vec<Row>);
    let cases: [(&str, Tamper, &[Fault]); 9] = [
        (
            "changed",
            |rows| rows[2].body = rows[2].body.replace("xxx", "yyy"),
            &[Fault::Changed { number: 3 }],
        ),
        (
            "changed, with a new hash",
            |rows| {
                rows[2].body = rows[2].body.replace("xxx", "yyy");
                rehash(&mut rows[..3], 2);
            },
            &[Fault::Changed { number: 4 }],
        ),
        (
            "missing",
            |rows| drop(rows.drain(1..3)),
            &[Fault::Missing { from: 2, to: 3 }],
        ),
        (
            "missing at the beginning",
            |rows| drop(rows.remove(0)),
            &[Fault::Missing { from: 1, to: 1 }],
        ),
        (
            "missing and closed up, with new hashes",
            |rows| {
                rows.remove(2);
                for (row, number) in rows.iter_mut().zip(1..) {
                    row.number = number;
                }
                rehash(rows, 0);
            },
            &[
                Fault::Moved { number: 3, says: 4 },
                Fault::Moved { number: 4, says: 5 },
            ],
        ),
        (
            "reordered",
            |rows| {
                rows.swap(1, 2);
                for (row, number) in rows.iter_mut().zip(1..) {
                    row.number = number;
                }
            },
            &[
                Fault::Changed { number: 2 },
                Fault::Moved { number: 2, says: 3 },
                Fault::Changed { number: 3 },
                Fault::Moved { number: 3, says: 2 },
                Fault::Changed { number: 4 },
            ],
        ),
        (
            "inserted",
            |rows| {
                let mut forged = rows[1].clone();
                forged.body = r#"{"number":3,"what":"forged"}"#.to_owned();
                rows.insert(2, forged);
                for (row, number) in rows.iter_mut().zip(1..) {
                    row.number = number;
                }
                rehash(rows, 2);
            },
            &[
                Fault::Moved { number: 4, says: 3 },
                Fault::Moved { number: 5, says: 4 },
                Fault::Moved { number: 6, says: 5 },
            ],
        ),
        (
            "no body",
            |rows| {
                rows[4].body = "{}".to_owned();
                rehash(rows, 4);
            },
            &[Fault::Unreadable { number: 5 }],
        ),
        ("nothing", |_| {}, &[]),
    ];
    for (name, tamper, want) in cases {
        let mut rows = chain();
        tamper(&mut rows);
        assert_eq!(walk(&rows, None).faults, want, "{name}");
    }
}

#[test]
fn a_noted_head_finds_a_cut_end_and_a_chain_that_was_written_anew() {
    let rows = chain();
    let pin = head_of(&rows[..4]);
    assert_eq!(
        walk(&rows, Some(pin)).faults,
        [],
        "the chain has grown since"
    );
    assert_eq!(walk(&rows[..4], Some(pin)).faults, []);
    assert_eq!(
        walk(&rows[..3], Some(pin)).faults,
        [Fault::Truncated { last: 3, known: 4 }]
    );
    assert_eq!(
        walk(&[], Some(pin)).faults,
        [Fault::Truncated { last: 0, known: 4 }]
    );
    let mut anew = chain();
    anew[1].body = anew[1].body.replace("xxx", "yyy");
    rehash(&mut anew, 1);
    assert_eq!(walk(&anew, None).faults, [], "nothing inside tells");
    assert_eq!(
        walk(&anew, Some(pin)).faults,
        [Fault::Rewritten { number: 4 }]
    );
}

#[test]
fn what_refers_to_a_later_row_finds_a_cut_end() {
    let mut verifier = Verifier::new(Head::EMPTY, None);
    for row in &chain()[..2] {
        verifier.take(row);
    }
    assert_eq!(
        verifier.finish(5).faults,
        [Fault::Truncated { last: 2, known: 5 }]
    );
}

#[test]
fn a_chain_that_retention_has_cut_begins_at_its_anchor() {
    let rows = chain();
    let mut verifier = Verifier::new(head_of(&rows[..2]), Some(head_of(&rows[..2])));
    for row in &rows[2..] {
        verifier.take(row);
    }
    let found = verifier.finish(0);
    assert_eq!((found.rows, found.faults.len()), (3, 0));
}

#[test]
fn a_hash_is_read_as_it_is_shown() {
    let hash = Head::EMPTY.then("x").hash;
    assert_eq!(Hash::parse(&hash.to_string()), Some(hash));
    for wrong in ["", "ab", &"g".repeat(64), &"é".repeat(32)] {
        assert_eq!(Hash::parse(wrong), None, "{wrong}");
    }
}
