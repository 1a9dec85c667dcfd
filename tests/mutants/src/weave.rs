//! All mutants of a file in one text: each expression `e` that has a mutant `m` becomes
//! `(if crate::mutant::is(N) { m } else { e })`.

use std::collections::HashMap;
use std::ops::Range;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::list::{Genre, Mutant};

/// A woven text, and where in it the mutants are.
pub struct Woven {
    pub text: String,
    pub places: Vec<Place>,
}

/// Where a mutant is in the woven text.
pub struct Place {
    pub number: usize,
    /// What only the mutant does.
    pub own: Range<usize>,
    /// That, and what it stands for.
    pub around: Range<usize>,
}

/// What is woven in: `head` before `at`, `tail` behind it, for these mutants.
struct Edit {
    numbers: Vec<usize>,
    at: Range<usize>,
    head: String,
    tail: &'static str,
}

/// Weaves `mutants`, each with its number, into `text`. Left out are those that cannot be woven: in a condition with
/// `let`, in what the compiler works out, or for a function whose type is its body's.
pub fn weave(text: &str, mutants: &[(usize, &Mutant)]) -> Woven {
    let mut syntax = Syntax::default();
    syntax.visit_file(&syn::parse_file(text).expect("the source is Rust"));
    // A type with a reference in it would have to name for how long.
    syntax.constants.retain(|constant| !text[constant.of_type.clone()].contains('&'));
    let edits = mutants.iter().filter_map(|&(number, mutant)| syntax.edit(text, number, mutant));
    let mut edits = edits.chain(syntax.constants(text, mutants)).collect::<Vec<_>>();
    // What is around goes first, and of what is at one place, the value of the function.
    edits
        .sort_by_key(|edit| (edit.at.start, usize::MAX - edit.at.end, edit.numbers.first().map_or(usize::MAX, |n| *n)));
    let mut woven = Woven { text: String::new(), places: Vec::new() };
    let mut open: Vec<(Edit, Range<usize>)> = Vec::new();
    let mut done = 0;
    for edit in edits {
        while open.last().is_some_and(|(inner, _)| inner.at.end <= edit.at.start) {
            woven.close(text, &mut done, &mut open);
        }
        woven.text.push_str(&text[done..edit.at.start]);
        done = edit.at.start;
        let start = woven.text.len();
        woven.text.push_str(&edit.head);
        let own = start..woven.text.len();
        let first = woven.places.len();
        woven.places.extend(edit.numbers.iter().map(|&number| Place {
            number,
            own: own.clone(),
            around: start..start,
        }));
        open.push((edit, first..woven.places.len()));
    }
    while !open.is_empty() {
        woven.close(text, &mut done, &mut open);
    }
    woven.text.push_str(&text[done..]);
    woven
}

/// Writes `mutants`, of which no two are in one function, into `text` as cargo-mutants does.
pub fn plain(text: &str, mutants: &[(usize, &Mutant)]) -> Woven {
    let mut mutants =
        mutants.iter().map(|(number, mutant)| (mutant.span.bytes(text), *number, *mutant)).collect::<Vec<_>>();
    mutants.sort_by_key(|(span, ..)| span.start);
    let mut plain = Woven { text: String::new(), places: Vec::new() };
    let mut done = 0;
    for (span, number, mutant) in mutants {
        plain.text.push_str(&text[done..span.start]);
        let region = mutant.region(text);
        let start = plain.text.len();
        plain.text.push_str(&mutant.replacement);
        let around = start - (span.start - region.start)..plain.text.len() + (region.end - span.end);
        plain.places.push(Place { number, own: start..plain.text.len(), around });
        done = span.end;
    }
    plain.text.push_str(&text[done..]);
    plain
}

impl Woven {
    fn close(&mut self, text: &str, done: &mut usize, open: &mut Vec<(Edit, Range<usize>)>) {
        let (edit, places) = open.pop().expect("there is one");
        self.text.push_str(&text[*done..edit.at.end]);
        *done = edit.at.end;
        self.text.push_str(edit.tail);
        let end = self.text.len();
        self.places[places].iter_mut().for_each(|place| place.around.end = end);
    }

    /// The mutants that an error at `place` is due to, as far as that can be seen.
    pub fn blamed(&self, place: &Range<usize>) -> Vec<usize> {
        let within = |range: &Range<usize>| range.start <= place.start && place.end <= range.end;
        let own = self.places.iter().filter(|known| within(&known.own)).map(|known| known.number).collect::<Vec<_>>();
        if !own.is_empty() {
            return own;
        }
        let around = self.places.iter().filter(|known| within(&known.around));
        around.min_by_key(|known| known.around.len()).map(|known| known.number).into_iter().collect()
    }
}

/// Where in a file what cargo-mutants mutates begins, and what has to be rewritten for it.
#[derive(Default)]
struct Syntax {
    /// The expression with an operator, by the operator's place; a struct, by its field's.
    expressions: HashMap<usize, Range<usize>>,
    /// Where the pattern of an arm ends, by the arm's place.
    patterns: HashMap<usize, usize>,
    /// Where nothing can be woven.
    closed: Vec<Range<usize>>,
    /// The bodies of functions that return `impl Trait`.
    opaque: Vec<Range<usize>>,
    constants: Vec<Constant>,
    /// Where a name stands as an expression.
    names: Vec<(String, Range<usize>)>,
}

/// A constant of this file alone.
struct Constant {
    name: String,
    item: Range<usize>,
    of_type: Range<usize>,
    value: Range<usize>,
}

impl Syntax {
    fn edit(&self, text: &str, number: usize, mutant: &Mutant) -> Option<Edit> {
        let own = mutant.span.bytes(text);
        let within =
            |ranges: &[Range<usize>]| ranges.iter().any(|range| range.start <= own.start && own.end <= range.end);
        if within(&self.closed) {
            return None;
        }
        let active = format!("crate::mutant::is({number})");
        let replacement = &mutant.replacement;
        let edit = |at, head, tail| Some(Edit { numbers: vec![number], at, head, tail });
        match mutant.genre {
            Genre::FnValue if within(&self.opaque) => None,
            Genre::FnValue => edit(own, format!("if {active} {{ return {replacement}; }}\n"), ""),
            Genre::MatchArm => {
                let end = *self.patterns.get(&own.start)?;
                edit(end..end, format!(" if !{active}"), "")
            }
            Genre::MatchArmGuard => edit(own, format!("(if {active} {{ {replacement} }} else {{ "), " })"),
            Genre::BinaryOperator | Genre::UnaryOperator | Genre::StructField => {
                let at = self.expressions.get(&own.start)?.clone();
                let (before, after) = (&text[at.start..own.start], &text[own.end..at.end]);
                edit(at, format!("(if {active} {{ {before}{replacement}{after} }} else {{ "), " })")
            }
        }
    }
}

impl Syntax {
    /// The compiler works out `const NAME: T = e;`. A function `NAME__` beside it does so anew, with the mutants of `e`,
    /// and `(*NAME__())` stands where `NAME` did. What it gives lives for ever, as a constant does.
    fn constants(&self, text: &str, mutants: &[(usize, &Mutant)]) -> Vec<Edit> {
        let known = |name: &str| self.constants.iter().any(|constant| constant.name == name);
        let within = |place: &Range<usize>, range: &Range<usize>| range.start <= place.start && place.end <= range.end;
        let mut edits = Vec::new();
        for Constant { name, item, of_type, value } in &self.constants {
            let names = self.names.iter().filter(|(name, place)| within(place, value) && known(name));
            let calls =
                names.flat_map(|(_, place)| [(place.start..place.start, "(*"), (place.end..place.end, "__())")]);
            let calls = calls.collect::<Vec<_>>();
            let own = mutants.iter().map(|(number, mutant)| (*number, mutant.span.bytes(text), &mutant.replacement));
            let own = own.filter(|(_, span, _)| within(span, value)).collect::<Vec<_>>();
            let mutated = own.iter().map(|(number, span, replacement)| {
                let mut changes = calls.clone();
                changes.push((span.clone(), replacement));
                format!("if crate::mutant::is({number}) {{ {} }} else ", changed(text, value, changes))
            });
            let mutated = mutated.collect::<String>();
            let value = changed(text, value, calls.clone());
            let of_type = &text[of_type.clone()];
            let made = format!("Box::leak(Box::new({mutated}{{ {value} }}))");
            let head = format!("\nfn {name}__() -> &'static {of_type} {{ {made} }}");
            let numbers = own.iter().map(|(number, ..)| *number).collect();
            edits.push(Edit { numbers, at: item.end..item.end, head, tail: "" });
        }
        let open =
            self.names.iter().filter(|(name, place)| known(name) && !self.closed.iter().any(|c| within(place, c)));
        edits.extend(open.map(|(_, at)| Edit {
            numbers: Vec::new(),
            at: at.clone(),
            head: "(*".into(),
            tail: "__())",
        }));
        edits
    }
}

/// A part of `text` with `changes` in it.
fn changed(text: &str, part: &Range<usize>, mut changes: Vec<(Range<usize>, &str)>) -> String {
    changes.sort_by_key(|(place, _)| place.start);
    let mut done = part.start;
    let mut out = String::new();
    for (place, new) in changes {
        out.extend([&text[done..place.start], new]);
        done = place.end;
    }
    out + &text[done..part.end]
}

fn place(of: &impl Spanned) -> Range<usize> {
    of.span().byte_range()
}

impl<'ast> Visit<'ast> for Syntax {
    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        self.expressions.insert(place(&binary.op).start, place(binary));
        if [&binary.left, &binary.right].into_iter().any(|side| has_let(side)) {
            self.closed.push(place(&binary.op));
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        self.expressions.insert(place(&unary.op).start, place(unary));
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_struct(&mut self, made: &'ast syn::ExprStruct) {
        for field in &made.fields {
            self.expressions.insert(place(field).start, place(made));
        }
        visit::visit_expr_struct(self, made);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        // A name takes what is left: an arm like that is not deleted but missed (E0004).
        let takes_all =
            matches!(&arm.pat, syn::Pat::Ident(name) if name.ident.to_string().starts_with(char::is_lowercase));
        if !takes_all {
            self.patterns.insert(place(arm).start, place(&arm.pat).end);
        }
        visit::visit_arm(self, arm);
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.function(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_item_const(&mut self, constant: &'ast syn::ItemConst) {
        self.closed.push(place(constant));
        let computed = matches!(*constant.expr, syn::Expr::Binary(_) | syn::Expr::Array(_) | syn::Expr::Lit(_));
        let of_type = &*constant.ty;
        let own = matches!(constant.vis, syn::Visibility::Inherited);
        if computed && own && matches!(of_type, syn::Type::Path(_) | syn::Type::Array(_)) {
            let name = constant.ident.to_string();
            let (item, of_type, value) = (place(constant), place(of_type), place(&constant.expr));
            self.constants.push(Constant { name, item, of_type, value });
        }
        visit::visit_item_const(self, constant);
    }

    fn visit_expr_path(&mut self, path: &'ast syn::ExprPath) {
        if let Some(name) = path.path.get_ident() {
            self.names.push((name.to_string(), place(path)));
        }
        visit::visit_expr_path(self, path);
    }

    fn visit_expr_repeat(&mut self, repeat: &'ast syn::ExprRepeat) {
        self.closed.push(place(&repeat.len));
        visit::visit_expr_repeat(self, repeat);
    }

    fn visit_angle_bracketed_generic_arguments(&mut self, arguments: &'ast syn::AngleBracketedGenericArguments) {
        self.closed.push(place(arguments));
    }

    fn visit_impl_item_const(&mut self, constant: &'ast syn::ImplItemConst) {
        self.closed.push(place(constant));
    }

    fn visit_item_static(&mut self, constant: &'ast syn::ItemStatic) {
        self.closed.push(place(constant));
    }

    fn visit_type_array(&mut self, array: &'ast syn::TypeArray) {
        self.closed.push(place(&array.len));
    }
}

impl Syntax {
    fn function(&mut self, signature: &syn::Signature, body: &syn::Block) {
        if signature.constness.is_some() {
            self.closed.push(place(body));
        }
        let mut opaque = Opaque(false);
        opaque.visit_return_type(&signature.output);
        if opaque.0 {
            self.opaque.push(place(body));
        }
    }
}

struct Opaque(bool);

impl Visit<'_> for Opaque {
    fn visit_type_impl_trait(&mut self, _: &syn::TypeImplTrait) {
        self.0 = true;
    }
}

/// Whether a side of a `&&` is or has a `let` that binds names for what comes behind.
fn has_let(side: &syn::Expr) -> bool {
    match side {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}
