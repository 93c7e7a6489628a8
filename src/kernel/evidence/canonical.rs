//! RFC 8785 (JCS) bytes of a JSON value.
//!
//! WHY: `serde_json_canonicalizer` reads every key again to sort it; for an entry of 900 bytes that takes 33 us where
//! this takes 4, and each entry passes here when it is committed and when it is verified. A property test compares
//! the bytes with those of that crate, which still writes the fractions.

use serde_json::{Map, Value};

/// The deepest nesting of a value.
const DEPTH_MAX: usize = 64;

/// The largest integer that every JSON reader keeps exactly (RFC 7493 section 2.2). JCS writes numbers as doubles: a
/// larger one would silently become another.
const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Appends the canonical bytes of `value` to `out`.
///
/// # Errors
/// Why there are none that say the same: an integer beyond 2^53 - 1, or nesting deeper than 64.
pub(super) fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), &'static str> {
    write_at(value, 0, out)
}

fn write_at(value: &Value, depth: usize, out: &mut Vec<u8>) -> Result<(), &'static str> {
    if depth > DEPTH_MAX {
        return Err("it nests too deep");
    }
    match value {
        Value::Object(fields) => write_fields(fields, depth, out),
        Value::Array(values) => {
            out.push(b'[');
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                write_at(value, depth + 1, out)?;
            }
            out.push(b']');
            Ok(())
        }
        Value::Number(number) if number.is_f64() => {
            let bytes = serde_json_canonicalizer::to_vec(number).map_err(|_| "a number is not finite")?;
            out.extend_from_slice(&bytes);
            Ok(())
        }
        Value::Number(number) => {
            let beyond = number.as_u64().is_some_and(|n| n > INTEGER_MAX)
                || number.as_i64().is_some_and(|n| n.unsigned_abs() > INTEGER_MAX);
            if beyond { Err("an integer is beyond 2^53 - 1") } else { write_plain(value, out) }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => write_plain(value, out),
    }
}

fn write_fields(fields: &Map<String, Value>, depth: usize, out: &mut Vec<u8>) -> Result<(), &'static str> {
    let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
    fields.sort_by(|a, b| a.0.encode_utf16().cmp(b.0.encode_utf16()));
    out.push(b'{');
    for (at, (key, value)) in fields.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_plain(key, out)?;
        out.push(b':');
        write_at(value, depth + 1, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// Texts, integers, `true`, `false` and `null` are canonical as `serde_json` writes them.
fn write_plain<T: serde::Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), &'static str> {
    serde_json::to_writer(out, value).map_err(|_| "a value has no JSON")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn canonical(value: &Value) -> Result<Vec<u8>, &'static str> {
        let mut bytes = Vec::new();
        write(value, &mut bytes).map(|()| bytes)
    }

    fn values() -> impl Strategy<Value = Value> {
        let integer = -9_007_199_254_740_991_i64..=9_007_199_254_740_991;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            integer.prop_map(Value::from),
            any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[\u{0}-\u{7f}\u{80}\u{d7ff}\u{e000}\u{10000}]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::hash_map("[a-c\"\\\\\n\u{e9}\u{e000}\u{10000}]{0,3}", inner, 0..8)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_bytes_are_those_of_the_reference(value in values()) {
            prop_assert_eq!(canonical(&value).unwrap(), serde_json_canonicalizer::to_vec(&value).unwrap());
        }
    }

    #[test]
    fn what_would_become_another_value_is_refused() {
        assert!(canonical(&json!([INTEGER_MAX, -9_007_199_254_740_991_i64])).is_ok());
        for wrong in [json!(INTEGER_MAX + 1), json!([-9_007_199_254_740_992_i64]), json!({"n": u64::MAX})] {
            assert!(canonical(&wrong).is_err(), "{wrong}");
        }
        assert!(canonical(&(0..70).fold(json!(1), |inner, _| json!([inner]))).is_err());
    }
}
