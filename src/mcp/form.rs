//! The forms that people fill in (MCP client/elicitation §Requested Schema): what a field may be, and what fits it.

use core::cmp::Ordering;
use std::borrow::Cow;

use crate::json::{Members, Object, Value, array, quoted};

/// Checks what was filled in. The error says what is wrong with it.
pub(super) fn check(schema: &Object<'_>, content: &Object<'_>) -> Result<(), Cow<'static, str>> {
    let required = schema.get("required").and_then(|required| required.array().ok()).unwrap_or_default();
    if let Some(name) = required.into_iter().filter_map(Value::string).find(|name| content.given(name).is_none()) {
        return Err([&quoted(&name), " is missing"].concat().into());
    }
    for (name, field) in fields(schema) {
        let (Some(value), Ok(field)) = (content.given(&name), field.object()) else { continue };
        if !fits(&field, value) {
            return Err([&quoted(&name), " does not fit its schema"].concat().into());
        }
    }
    Ok(())
}

/// The fields of a form, by name.
pub(super) fn fields<'a>(schema: &Object<'a>) -> Vec<(Cow<'a, str>, Value<'a>)> {
    schema.get("properties").and_then(|properties| properties.object().ok()).map(|Object(all)| all).unwrap_or_default()
}

/// True for a form with a field of several choices, which 2025-11-25 was the first to have.
pub(super) fn has_several(schema: &Object<'_>) -> bool {
    let is_array =
        |field: Value<'_>| field.object().is_ok_and(|field| field.string("type").as_deref() == Some("array"));
    fields(schema).into_iter().any(|(_, field)| is_array(field))
}

/// The form as 2025-06-18 knows it: choices with titles are `enum` and `enumNames` there.
pub(super) fn for_2025_06_18(schema: &Object<'_>) -> String {
    let fields = fields(schema);
    let fields = fields.iter().fold(Members::new(), |all, (name, field)| all.raw(name, &field_for_2025_06_18(*field)));
    let properties = fields.end();
    let members = schema.0.iter().fold(Members::new(), |members, (name, value)| {
        members.raw(name, if name == "properties" { &properties } else { value.text() })
    });
    members.end()
}

fn field_for_2025_06_18(field: Value<'_>) -> String {
    titled(field).unwrap_or_else(|| field.text().to_owned())
}

/// A choice whose values have titles, if the field is one.
fn titled(field: Value<'_>) -> Option<String> {
    let field = field.object().ok()?;
    let choices = field.get("oneOf")?.array().ok()?.into_iter().map(|choice| {
        let choice = choice.object().ok()?;
        let value = choice.string("const")?;
        Some((quoted(&value), quoted(&choice.string("title").unwrap_or(value))))
    });
    let (values, names): (Vec<_>, Vec<_>) = choices.collect::<Option<Vec<_>>>()?.into_iter().unzip();
    let others = field.0.iter().filter(|(name, _)| name != "oneOf");
    let members = others.fold(Members::new(), |members, (name, value)| members.raw(name, value.text()));
    Some(members.raw("enum", &array(values)).raw("enumNames", &array(names)).end())
}

/// True for what a field may be: a string, a number, a boolean or a choice.
pub(super) fn is_primitive(field: Value<'_>) -> bool {
    let Ok(field) = field.object() else { return false };
    match field.string("type").as_deref() {
        Some("string" | "number" | "integer" | "boolean") => true,
        Some("array") => field.get("items").is_some_and(Value::is_object),
        _ => false,
    }
}

fn fits(schema: &Object<'_>, value: Value<'_>) -> bool {
    match schema.string("type").as_deref() {
        Some("string") => value.string().is_some_and(|text| {
            let length = || text.chars().count();
            choices(schema).is_none_or(|all| all.contains(&text)) && is_within(schema, "minLength", "maxLength", length)
        }),
        Some("number") => value.is_number() && is_in_range(schema, value),
        Some("integer") => value.is_number() && value.is_integer() && is_in_range(schema, value),
        Some("boolean") => matches!(value.text(), "true" | "false"),
        Some("array") => {
            let choices = schema.get("items").and_then(|items| choices(&items.object().ok()?));
            let fits = |value: Value<'_>| {
                value.string().is_some_and(|text| choices.as_ref().is_none_or(|all| all.contains(&text)))
            };
            value.array().is_ok_and(|values| {
                is_within(schema, "minItems", "maxItems", || values.len()) && values.into_iter().all(fits)
            })
        }
        _ => true,
    }
}

/// True if a length keeps to the limits of these names, if there are any.
fn is_within(schema: &Object<'_>, least: &str, most: &str, length: impl Fn() -> usize) -> bool {
    let limit = |name| schema.get(name).and_then(|limit: Value<'_>| limit.text().parse::<usize>().ok());
    limit(least).is_none_or(|least| least <= length()) && limit(most).is_none_or(|most| length() <= most)
}

/// True if a number keeps to `minimum` and `maximum`, if there are any.
fn is_in_range(schema: &Object<'_>, value: Value<'_>) -> bool {
    let against = |name| {
        let limit = schema.get(name).filter(|limit| limit.is_number())?;
        Some(Decimal::read(value.text())?.cmp(&Decimal::read(limit.text())?))
    };
    against("minimum") != Some(Ordering::Less) && against("maximum") != Some(Ordering::Greater)
}

/// A number as people write it in a form, to be compared digit by digit.
struct Decimal<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
}

impl<'a> Decimal<'a> {
    /// Reads a JSON number; nothing of one with an exponent.
    fn read(text: &'a str) -> Option<Self> {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let is_zero = whole.is_empty() && fraction.is_empty();
        (!text.contains(['e', 'E'])).then_some(Self { negative: negative && !is_zero, whole, fraction })
    }

    fn cmp(&self, other: &Self) -> Ordering {
        let amount =
            (self.whole.len(), self.whole, self.fraction).cmp(&(other.whole.len(), other.whole, other.fraction));
        match (self.negative, other.negative) {
            (false, false) => amount,
            (true, true) => amount.reverse(),
            (negative, _) => {
                if negative {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
        }
    }
}

/// What a choice may be: `enum`, or the `const`s of `oneOf` or `anyOf`.
fn choices<'a>(schema: &Object<'a>) -> Option<Vec<Cow<'a, str>>> {
    let list = |name| schema.get(name).and_then(|list: Value<'a>| list.array().ok());
    let titled = |list: Vec<Value<'a>>| list.into_iter().filter_map(|one| one.object().ok()?.string("const")).collect();
    let plain = list("enum").map(|list| list.into_iter().filter_map(Value::string).collect());
    plain.or_else(|| list("oneOf").or_else(|| list("anyOf")).map(titled))
}
