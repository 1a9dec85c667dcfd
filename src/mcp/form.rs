//! The forms that people fill in (MCP client/elicitation §Requested Schema): allowed fields, and valid values.

use core::cmp::Ordering;
use std::borrow::Cow;

use serde::Deserialize;

use crate::json::{Json, Object, Value, quoted};

/// The part of JSON Schema that forms use: of the form, of a field, of a choice. Malformed members count as absent.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(super) struct Schema<'a> {
    r#type: Option<Value<'a>>,
    properties: Option<Value<'a>>,
    required: Option<Value<'a>>,
    items: Option<Value<'a>>,
    r#enum: Option<Value<'a>>,
    one_of: Option<Value<'a>>,
    any_of: Option<Value<'a>>,
    r#const: Option<Value<'a>>,
    title: Option<Value<'a>>,
    min_length: Option<Value<'a>>,
    max_length: Option<Value<'a>>,
    min_items: Option<Value<'a>>,
    max_items: Option<Value<'a>>,
    minimum: Option<Value<'a>>,
    maximum: Option<Value<'a>>,
}

impl Schema<'_> {
    /// True for a schema of this type.
    pub(super) fn is(&self, kind: &str) -> bool {
        self.r#type.and_then(Value::string).is_some_and(|it| it == kind)
    }
}

/// Checks what was filled in. The error says what is wrong.
pub(super) fn check(schema: &Schema<'_>, content: &Object<'_>) -> Result<(), Cow<'static, str>> {
    let required = array(schema.required).unwrap_or_default();
    if let Some(name) = required.into_iter().filter_map(Value::string).find(|name| content.given(name).is_none()) {
        return Err([&quoted(&name), " is missing"].concat().into());
    }
    for (name, field) in fields(schema) {
        let (Some(value), Ok(field)) = (content.given(&name), field.parse()) else { continue };
        if !fits(&field, value) {
            return Err([&quoted(&name), " does not fit its schema"].concat().into());
        }
    }
    Ok(())
}

fn array(list: Option<Value<'_>>) -> Option<Vec<Value<'_>>> {
    list?.array().ok()
}

/// The fields of a form, by name.
pub(super) fn fields<'a>(schema: &Schema<'a>) -> Vec<(Cow<'a, str>, Value<'a>)> {
    schema.properties.and_then(|properties| properties.object().ok()).map(|Object(all)| all).unwrap_or_default()
}

/// True for a form that has a field with multiple choices, which exist since 2025-11-25.
pub(super) fn has_several(schema: &Schema<'_>) -> bool {
    let is_array = |field: Value<'_>| field.parse().is_ok_and(|field: Schema<'_>| field.is("array"));
    fields(schema).into_iter().any(|(_, field)| is_array(field))
}

/// The form for 2025-06-18, where choices with titles are `enum` and `enumNames`.
pub(super) fn for_2025_06_18(schema: Value<'_>) -> Option<Json> {
    let fields = fields(&schema.parse().ok()?);
    let known: Vec<_> = fields.iter().map(|(name, field)| (name, titled(*field))).collect();
    let written = known.iter().zip(&fields);
    let written = written
        .map(|((name, known), (_, field))| (Cow::Borrowed(name.as_ref()), known.as_ref().map_or(*field, Json::value)));
    let properties = Json::of(&Object(written.collect()));
    let mut form = schema.object().ok()?;
    form.set("properties", properties.value());
    Some(Json::of(&form))
}

/// The values of a choice with titles, if the field is one.
fn titled(field: Value<'_>) -> Option<Json> {
    let choices = array(field.parse::<Schema<'_>>().ok()?.one_of)?.into_iter().map(|choice| {
        let choice: Schema<'_> = choice.parse().ok()?;
        let value = choice.r#const?.string()?;
        Some((value.clone(), choice.title.and_then(Value::string).unwrap_or(value)))
    });
    let (values, names): (Vec<_>, Vec<_>) = choices.collect::<Option<Vec<_>>>()?.into_iter().unzip();
    let (values, names) = (Json::of(&values), Json::of(&names));
    let mut field = field.object().ok()?;
    field.0.retain(|(name, _)| name != "oneOf");
    field.set("enum", values.value());
    field.set("enumNames", names.value());
    Some(Json::of(&field))
}

/// True for an allowed field: a string, a number, a boolean or a choice.
pub(super) fn is_primitive(field: Value<'_>) -> bool {
    field.parse().is_ok_and(|field: Schema<'_>| match field.r#type.and_then(Value::string).as_deref() {
        Some("string" | "number" | "integer" | "boolean") => true,
        Some("array") => field.items.is_some_and(Value::is_object),
        _ => false,
    })
}

fn fits(schema: &Schema<'_>, value: Value<'_>) -> bool {
    match schema.r#type.and_then(Value::string).as_deref() {
        Some("string") => value.string().is_some_and(|text| {
            choices(schema).is_none_or(|all| all.contains(&text))
                && is_within(schema.min_length, schema.max_length, || text.chars().count())
        }),
        Some("number") => value.is_number() && is_in_range(schema, value),
        Some("integer") => value.is_number() && value.is_integer() && is_in_range(schema, value),
        Some("boolean") => matches!(value.text(), "true" | "false"),
        Some("array") => {
            let choices = schema.items.and_then(|items| choices(&items.parse().ok()?));
            let fits = |value: Value<'_>| {
                value.string().is_some_and(|text| choices.as_ref().is_none_or(|all| all.contains(&text)))
            };
            value.array().is_ok_and(|values| {
                is_within(schema.min_items, schema.max_items, || values.len()) && values.into_iter().all(fits)
            })
        }
        _ => true,
    }
}

/// True if a length is within these limits, if there are any.
fn is_within(least: Option<Value<'_>>, most: Option<Value<'_>>, length: impl Fn() -> usize) -> bool {
    let limit = |limit: Option<Value<'_>>| limit.and_then(|limit| limit.text().parse::<usize>().ok());
    limit(least).is_none_or(|least| least <= length()) && limit(most).is_none_or(|most| length() <= most)
}

/// True if a number is within `minimum` and `maximum`, if there are any.
fn is_in_range(schema: &Schema<'_>, value: Value<'_>) -> bool {
    let against = |limit: Option<Value<'_>>| {
        let limit = limit.filter(|limit| limit.is_number())?;
        Some(Decimal::read(value.text())?.cmp(&Decimal::read(limit.text())?))
    };
    against(schema.minimum) != Some(Ordering::Less) && against(schema.maximum) != Some(Ordering::Greater)
}

/// A number as people write it in a form, compared digit by digit.
struct Decimal<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
}

impl<'a> Decimal<'a> {
    /// Reads a JSON number; `None` if it has an exponent.
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

/// The values of a choice: `enum`, or the `const`s of `oneOf` or `anyOf`.
fn choices<'a>(schema: &Schema<'a>) -> Option<Vec<Cow<'a, str>>> {
    let titled = |one: Value<'a>| one.parse::<Schema<'a>>().ok()?.r#const?.string();
    match array(schema.r#enum) {
        Some(plain) => Some(plain.into_iter().filter_map(Value::string).collect()),
        None => array(schema.one_of)
            .or_else(|| array(schema.any_of))
            .map(|list| list.into_iter().filter_map(titled).collect()),
    }
}
