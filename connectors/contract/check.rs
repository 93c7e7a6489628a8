//! Whether a call is one that its verb takes: every connector asks this first, before it opens any material.

use serde_json::Value;

use countersign_warrant::{Call, Refusal, RefusalClass, Timestamp};

use crate::{Parameter, Type, Verb};

impl Type {
    /// True when `value` is of this type.
    pub fn fits(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Text, Value::String(_)) | (Self::Boolean, Value::Bool(_)) => true,
            (Self::Person, Value::String(text)) => is_person_id(text),
            (Self::Word(words), Value::String(text)) => words.contains(&text.as_str()),
            (Self::Integer, Value::Number(number)) => number.is_i64() || number.is_u64(),
            (Self::Instant, Value::String(text)) => text.parse::<Timestamp>().is_ok(),
            (Self::Texts, Value::Array(texts)) => texts.iter().all(Value::is_string),
            (Self::Fields, Value::Object(fields)) => fields.values().all(Value::is_string),
            _ => false,
        }
    }
}

/// `p_` and 32 hex digits: a person's name never reaches a call.
fn is_person_id(text: &str) -> bool {
    let is_hex = |digits: &str| digits.len() == 32 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    text.strip_prefix("p_").is_some_and(is_hex)
}

impl Verb {
    /// Checks a call against what the verb takes: no unknown parameter, none of another type, none missing.
    ///
    /// # Errors
    /// A *permanent* refusal with the code `call.unknown_parameter`, `call.wrong_type` or `call.missing_parameter`.
    pub fn check(&self, call: &Call) -> Result<(), Refusal> {
        for (name, value) in &call.parameters {
            let public = |parameter: &&Parameter| !parameter.secret || parameter.kind == Type::Fields;
            let known = self.parameters.iter().filter(public).find(|parameter| parameter.name == name);
            let parameter = known.ok_or_else(|| self.unknown(name))?;
            if !parameter.kind.fits(value) {
                return Err(refuse("call.wrong_type", format!("`{}` takes another type of `{name}`", self.name)));
            }
        }
        if let Some(name) = call.materials.keys().find(|name| !self.takes_material(name)) {
            return Err(self.unknown(name));
        }
        let missing = self.parameters.iter().find(|parameter| parameter.required && !is_given(call, parameter.name));
        match missing {
            Some(parameter) => {
                let message = format!("`{}` needs `{}`", self.name, parameter.name);
                Err(refuse("call.missing_parameter", message))
            }
            None => Ok(()),
        }
    }

    /// True for the name of a secret parameter, and for a field of fields that may be secret.
    fn takes_material(&self, name: &str) -> bool {
        self.parameters.iter().any(|parameter| match parameter.kind {
            Type::Fields => {
                parameter.secret && name.strip_prefix(parameter.name).is_some_and(|field| field.starts_with('.'))
            }
            _ => parameter.secret && parameter.name == name,
        })
    }

    fn unknown(&self, name: &str) -> Refusal {
        refuse("call.unknown_parameter", format!("`{}` takes no `{name}`", self.name))
    }
}

/// A parameter is given as a public value, as material, or by fields that are material.
fn is_given(call: &Call, name: &str) -> bool {
    let is_of =
        |material: &String| material.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    call.parameters.contains_key(name) || call.materials.keys().any(is_of)
}

fn refuse(code: &str, message: String) -> Refusal {
    Refusal { class: RefusalClass::Permanent, code: code.to_owned(), message }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Effect, Limits, Parameter, Reversibility};

    fn verb() -> Verb {
        let parameters = vec![
            Parameter::required("level", Type::Word(&["read", "write"]), "the level"),
            Parameter {
                required: false,
                ..Parameter::secret("fields", Type::Fields, "texts, of which some are secret")
            },
            Parameter::optional("labels", Type::Fields, "texts"),
            Parameter::optional("owner", Type::Person, "who answers for it"),
            Parameter::secret("key", Type::Text, "the key"),
        ];
        Verb {
            name: "make",
            kind: "thing",
            about: "is made",
            parameters,
            outputs: &[],
            reversibility: Reversibility::Irreversible,
            limits: Limits { duration_ms: 1, lateness_ms: 0 },
            effect: |_, _| Effect::Unclear,
        }
    }

    fn code(parameters: &Value, materials: &[&str]) -> Option<String> {
        let version = "a/b/c@1".parse::<crate::VersionId>().unwrap();
        let call = Call {
            connector: "a".to_owned(),
            verb: "make".to_owned(),
            resource: "a/b/c".parse().unwrap(),
            parameters: serde_json::from_value(parameters.clone()).unwrap(),
            materials: materials.iter().map(|name| ((*name).to_owned(), version.clone())).collect(),
            limits: Limits { duration_ms: 1, lateness_ms: 0 },
        };
        verb().check(&call).err().map(|refusal| refusal.code)
    }

    #[test]
    fn a_call_is_taken_as_declared_and_not_otherwise() {
        assert_eq!(code(&json!({"level": "read"}), &["key"]), None);
        assert_eq!(code(&json!({"level": "read", "fields": {"a": "b"}}), &["key", "fields.c"]), None);
        let owner = json!({"level": "read", "owner": "p_5bdcc146bf60754e6a042426089575c7"});
        assert_eq!(code(&owner, &["key"]), None);
        let refused = [
            (json!({"level": "read", "owner": "dana@example.com"}), vec!["key"], "call.wrong_type"),
            (json!({"level": "read", "owner": "p_5BDCC146BF60754E6A042426089575C7"}), vec!["key"], "call.wrong_type"),
            (json!({"level": "read", "x": 1}), vec!["key"], "call.unknown_parameter"),
            (json!({"level": "read", "key": "plain"}), vec!["key"], "call.unknown_parameter"),
            (json!({"level": "read"}), vec!["key", "level"], "call.unknown_parameter"),
            (json!({"level": "read"}), vec!["key", "labels.c"], "call.unknown_parameter"),
            (json!({"level": "root"}), vec!["key"], "call.wrong_type"),
            (json!({"level": "read", "fields": {"a": 1}}), vec!["key"], "call.wrong_type"),
            (json!({"level": "read"}), vec![], "call.missing_parameter"),
            (json!({}), vec!["key"], "call.missing_parameter"),
        ];
        for (parameters, materials, expected) in refused {
            assert_eq!(code(&parameters, &materials).as_deref(), Some(expected), "{parameters}");
        }
    }
}
