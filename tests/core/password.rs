use mcp_wicket::crypto::password::{Cost, PasswordCheck, check, hash};

fn cheap() -> Cost {
    Cost::new(7168, 1).unwrap()
}

#[test]
fn a_password_matches_its_own_hash_only() {
    let stored = hash("correct horse battery", &[7; 16], cheap()).unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=7168,t=1,p=1$BwcHBwcHBwcHBwcHBwcHBw$"), "{stored}");
    assert_eq!(check("correct horse battery", &stored, cheap()), PasswordCheck::Match);
    for wrong in ["", "correct horse batter", "correct horse battery ", "Correct horse battery"] {
        assert_eq!(check(wrong, &stored, cheap()), PasswordCheck::Mismatch, "{wrong}");
    }
    assert_ne!(hash("correct horse battery", &[8; 16], cheap()).unwrap(), stored);
}

/// By OpenSSL (`crypto.argon2Sync` of Node 24); the one with 64 MiB stands in the reference implementation's tests, too.
#[test]
fn hashes_of_other_implementations_match() {
    for (cost, stored) in [
        ((65536, 2), "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"),
        ((19_456, 2), "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$PL01amPyeUuxG7H0vIr5X+qHkZvWnHmGBGXFYvh8z2E"),
        ((19_456, 1), "$argon2id$v=19$m=19456,t=1,p=1$c29tZXNhbHQ$6VtNI7xdxJQ3JkNYjE74nZ6q8eCJnfPlECjhzCq94Bk"),
    ] {
        let cost = Cost::new(cost.0, cost.1).unwrap();
        assert_eq!(check("password", stored, cost), PasswordCheck::Match);
        assert_eq!(check("differentpassword", stored, cost), PasswordCheck::Mismatch);
    }
}

#[test]
fn a_hash_of_another_cost_is_outdated() {
    let stored = hash("correct horse battery", &[7; 16], cheap()).unwrap();
    let dearer = Cost::new(8192, 2).unwrap();
    assert_eq!(check("correct horse battery", &stored, dearer), PasswordCheck::Outdated);
    assert_eq!(check("wrong", &stored, dearer), PasswordCheck::Mismatch);
}

#[test]
fn a_hash_that_is_none_or_costs_too_much_is_never_computed() {
    for stored in [
        "",
        "secret",
        "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=65536,t=4294967295,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2id$v=16$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        "$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW",
    ] {
        assert_eq!(check("password", stored, Cost::DEFAULT), PasswordCheck::Unusable, "{stored}");
    }
    for (memory, passes) in [(0, 0), (7167, 2), (65537, 2), (19_456, 0), (19_456, 11)] {
        assert_eq!(Cost::new(memory, passes), None, "{memory} {passes}");
    }
}
