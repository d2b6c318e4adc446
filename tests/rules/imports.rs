//! Reads what the files of a crate import from each other: their `use` lines, and the paths
//! within them that begin with `crate`, `super`, `self`, a child module or an imported name.
//!
//! A name counts as imported from the file that defines it, through however many re-exports.
//! What is compiled for unit tests alone isn't read.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::files::rust_files;

/// A module by its path from the root of its crate, which is empty.
type ModulePath = Vec<String>;

/// The modules of a crate, and what each imports.
pub(crate) struct Crate(BTreeMap<ModulePath, Module>);

/// What one module declares and imports.
#[derive(Default)]
struct Module {
    /// The file that it stands in.
    file: String,
    children: BTreeSet<String>,
    /// What it defines itself.
    items: BTreeSet<String>,
    /// What of that, and of what it imports, has a bare `pub`.
    public: BTreeSet<String>,
    public_modules: BTreeSet<String>,
    /// What it imports under a name.
    names: BTreeMap<String, ModulePath>,
    /// What it imports with a star.
    globs: Vec<ModulePath>,
    references: Vec<Reference>,
}

/// A path that a module names.
struct Reference {
    path: ModulePath,
    is_reexport: bool,
}

/// One file needs another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Import {
    /// The module that imports.
    pub(crate) from: ModulePath,
    /// The module that defines what is imported.
    pub(crate) to: ModulePath,
    pub(crate) from_file: String,
    pub(crate) to_file: String,
    /// A parent that passes on what a child of it defines.
    is_reexport_of_child: bool,
}

impl Crate {
    /// Reads the crate whose root is this file of this folder of the workspace.
    pub(crate) fn of_workspace(folder: &str, root: &str) -> Self {
        let files = rust_files(folder);
        let files: Vec<(&str, &str)> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        Self::of(&files, root)
    }

    /// Reads the crate of these files, by path and text, whose root is this one.
    pub(crate) fn of(files: &[(&str, &str)], root: &str) -> Self {
        let files: BTreeMap<&str, &str> = files.iter().copied().collect();
        let mut modules = BTreeMap::new();
        let mut next = VecDeque::from([(ModulePath::new(), root.to_owned())]);
        while let Some((module, file)) = next.pop_front() {
            let text = files.get(file.as_str());
            let text = text.unwrap_or_else(|| panic!("{file} is not there"));
            let mut reader = Reader {
                tokens: &tokens(text),
                file: &file,
                modules: &mut modules,
                declared: Vec::new(),
                reads_tests: false,
            };
            reader.module(0, reader.tokens.len(), module);
            for child in reader.declared {
                let path = child.join("/");
                let alone = format!("{path}.rs");
                let file = match files.contains_key(alone.as_str()) {
                    true => alone,
                    false => format!("{path}/mod.rs"),
                };
                next.push_back((child, file));
            }
        }
        Self(modules)
    }

    /// Every import from one file of the crate into another, once.
    pub(crate) fn imports(&self) -> BTreeSet<Import> {
        let mut imports = BTreeSet::new();
        for (from, module) in &self.0 {
            for reference in &module.references {
                let Some(to) = self.find(from, &reference.path, 0) else {
                    continue;
                };
                let is_child = to.len() > from.len() && to.starts_with(from);
                let import = Import {
                    from_file: module.file.clone(),
                    to_file: self.0[&to].file.clone(),
                    from: from.clone(),
                    to,
                    is_reexport_of_child: reference.is_reexport && is_child,
                };
                if import.from_file != import.to_file {
                    imports.insert(import);
                }
            }
        }
        imports
    }

    /// The groups of files that import each other in a circle.
    pub(crate) fn circles(&self) -> Vec<BTreeSet<String>> {
        let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for import in self.imports().into_iter() {
            if !import.is_reexport_of_child {
                let needed = needs.entry(import.from_file).or_default();
                needed.insert(import.to_file);
            }
        }
        let reached: BTreeMap<&String, BTreeSet<&String>> = needs
            .keys()
            .map(|file| {
                let (mut seen, mut next) = (BTreeSet::new(), vec![file]);
                while let Some(file) = next.pop() {
                    for needed in needs.get(file).into_iter().flatten() {
                        if seen.insert(needed) {
                            next.push(needed);
                        }
                    }
                }
                (file, seen)
            })
            .collect();
        let circles: BTreeSet<BTreeSet<String>> = reached
            .iter()
            .filter(|(file, seen)| seen.contains(*file))
            .map(|(file, seen)| {
                let others = seen.iter().filter(|it| {
                    let back = reached.get(**it);
                    back.is_some_and(|seen| seen.contains(*file))
                });
                others.map(|it| (*it).clone()).collect()
            })
            .collect();
        circles.into_iter().collect()
    }

    /// Every name that other crates can reach by a path of public modules, with that path.
    pub(crate) fn exports(&self) -> BTreeSet<ModulePath> {
        let mut found = BTreeSet::new();
        let mut next = vec![ModulePath::new()];
        while let Some(at) = next.pop() {
            let module = &self.0[&at];
            let inner = |name: &String| [at.as_slice(), std::slice::from_ref(name)].concat();
            found.extend(module.public.iter().map(inner));
            next.extend(module.public_modules.iter().map(inner));
        }
        found
    }

    /// The module that defines what a path means in a module; none if it is of another crate.
    fn find(&self, from: &[String], path: &[String], depth: usize) -> Option<ModulePath> {
        // Two imports that name each other.
        if depth > 32 {
            return None;
        }
        let (first, mut rest) = path.split_first()?;
        let mut at = from.to_vec();
        match first.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => {
                at.pop()?;
                while let Some((_, others)) = rest.split_first().filter(|it| it.0 == "super") {
                    at.pop()?;
                    rest = others;
                }
            }
            name => {
                let module = &self.0[from];
                if module.children.contains(name) {
                    at.push(name.to_owned());
                } else {
                    let imported = module.names.get(name)?;
                    return self.find(from, &[imported, rest].concat(), depth + 1);
                }
            }
        }
        while let Some((name, others)) = rest.split_first() {
            let module = &self.0[&at];
            if module.children.contains(name) {
                at.push(name.clone());
                rest = others;
                continue;
            }
            let passed_on = module.names.get(name).cloned().or_else(|| {
                let stars = module.globs.iter().filter(|_| !module.items.contains(name));
                let mut sources = stars.filter_map(|it| self.find(&at, it, depth + 1));
                let source = sources.find(|it| self.0[it].knows(name))?;
                let root = std::iter::once("crate".to_owned());
                Some(root.chain(source).chain([name.clone()]).collect())
            });
            let whole = passed_on.map(|it| [it.as_slice(), others].concat());
            let defined = whole.and_then(|it| self.find(&at, &it, depth + 1));
            return Some(defined.unwrap_or(at));
        }
        Some(at)
    }
}

impl Module {
    fn knows(&self, name: &str) -> bool {
        self.items.contains(name) || self.names.contains_key(name) || self.children.contains(name)
    }
}

/// Reads the modules of one file.
struct Reader<'a> {
    tokens: &'a [String],
    file: &'a str,
    modules: &'a mut BTreeMap<ModulePath, Module>,
    /// The modules that have files of their own.
    declared: Vec<ModulePath>,
    /// Whether what is compiled for unit tests alone is read too.
    reads_tests: bool,
}

const ITEMS: [&str; 8] = [
    "fn", "struct", "enum", "trait", "type", "const", "static", "union",
];

impl Reader<'_> {
    fn token(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", String::as_str)
    }

    /// Reads a module's content between two places.
    fn module(&mut self, start: usize, end: usize, path: ModulePath) {
        let mut module = Module {
            file: self.file.to_owned(),
            ..Module::default()
        };
        let (mut at, mut depth) = (start, 0_usize);
        while at < end {
            let before = if at == start { "" } else { self.token(at - 1) };
            match self.token(at) {
                "#" if self.token(at + 1) == "[" => {
                    let close = self.closing(at + 1);
                    let attribute = &self.tokens[at + 1..close];
                    at = match is_for_tests(attribute) && !self.reads_tests {
                        true => self.item_end(close + 1),
                        false => close + 1,
                    };
                    continue;
                }
                "pub" if self.token(at + 1) == "(" => at = self.closing(at + 1),
                "pub" if depth == 0 && self.token(at + 1) == "mod" => {
                    module.public_modules.insert(self.token(at + 2).to_owned());
                }
                "pub" if depth == 0 => module.public.extend(self.public_item(at + 1)),
                "mod" if is_name(self.token(at + 1)) && self.token(at + 2) == ";" => {
                    let child = self.token(at + 1).to_owned();
                    self.declared
                        .push([path.as_slice(), std::slice::from_ref(&child)].concat());
                    module.children.insert(child);
                }
                "mod" if is_name(self.token(at + 1)) && self.token(at + 2) == "{" => {
                    let child = self.token(at + 1).to_owned();
                    let close = self.closing(at + 2);
                    let inner = [path.as_slice(), std::slice::from_ref(&child)].concat();
                    self.module(at + 3, close, inner);
                    module.children.insert(child);
                    at = close;
                }
                "use" if self.token(at + 1) != "<" => {
                    let is_reexport = before == "pub" || before == ")";
                    let known: BTreeSet<String> = module.names.keys().cloned().collect();
                    let stars = module.globs.len();
                    at = self.imports(at + 1, &[], is_reexport, &mut module);
                    if before == "pub" {
                        let names = module.names.keys().cloned();
                        module.public.extend(names.filter(|it| !known.contains(it)));
                        let star = (module.globs.len() > stars).then(|| "*".to_owned());
                        module.public.extend(star);
                    }
                }
                "{" => depth += 1,
                "}" => depth = depth.saturating_sub(1),
                "macro_rules" => {
                    module.items.insert(self.token(at + 2).to_owned());
                }
                item if ITEMS.contains(&item) && depth == 0 => {
                    module.items.insert(self.token(at + 1).to_owned());
                }
                name if is_name(name) && self.token(at + 1) == "::" && before != "::" => {
                    let mut path = vec![name.to_owned()];
                    while self.token(at + 1) == "::" && is_name(self.token(at + 2)) {
                        at += 2;
                        path.push(self.token(at).to_owned());
                    }
                    module.references.push(Reference {
                        path,
                        is_reexport: false,
                    });
                }
                _ => {}
            }
            at += 1;
        }
        self.modules.insert(path, module);
    }

    /// The name of the item that begins here, if one does.
    fn public_item(&self, mut at: usize) -> Option<String> {
        while matches!(self.token(at), "async" | "unsafe" | "extern" | "\"") {
            at += 1;
        }
        if self.token(at) == "const" && self.token(at + 1) == "fn" {
            at += 1;
        }
        let begins = ITEMS.contains(&self.token(at));
        begins.then(|| self.token(at + 1).to_owned())
    }

    /// Reads one tree of a `use` line. Returns the place after it.
    fn imports(
        &self,
        mut at: usize,
        prefix: &[String],
        is_reexport: bool,
        module: &mut Module,
    ) -> usize {
        let mut path = prefix.to_vec();
        loop {
            match self.token(at) {
                "{" => {
                    let close = self.closing(at);
                    at += 1;
                    while at < close {
                        at = self.imports(at, &path, is_reexport, module) + 1;
                    }
                    return close + 1;
                }
                "*" => {
                    module.globs.push(path.clone());
                    module.references.push(Reference { path, is_reexport });
                    return at + 1;
                }
                // Of another crate.
                "::" if path.is_empty() => path.push("::".to_owned()),
                "::" => {}
                "self" if !path.is_empty() => {}
                name if is_name(name) => path.push(name.to_owned()),
                _ => break,
            }
            at += 1;
            if self.token(at) == "as" {
                let name = self.token(at + 1).to_owned();
                module.names.insert(name, path.clone());
                module.references.push(Reference { path, is_reexport });
                return at + 2;
            }
        }
        if let Some(name) = path.last() {
            module.names.insert(name.clone(), path.clone());
            module.references.push(Reference { path, is_reexport });
        }
        at
    }

    /// The place of the bracket that closes this one.
    fn closing(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for at in open..self.tokens.len() {
            match self.token(at) {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return at;
            }
        }
        panic!("{}: a bracket is not closed", self.file)
    }

    /// The place after the item, field or statement that begins here.
    fn item_end(&self, start: usize) -> usize {
        let mut at = start;
        let mut is_part = true;
        while at < self.tokens.len() {
            match self.token(at) {
                "{" => return self.closing(at) + 1,
                "(" | "[" => at = self.closing(at),
                ";" => return at + 1,
                "," if is_part => return at + 1,
                // The list that it is the last of.
                ")" | "]" | "}" => return at,
                "use" | "mod" | "impl" => is_part = false,
                token if ITEMS.contains(&token) => is_part = false,
                _ => {}
            }
            at += 1;
        }
        at
    }
}

/// Whether an attribute says that something is compiled for unit tests alone.
fn is_for_tests(attribute: &[String]) -> bool {
    let has = |word: &str| attribute.iter().any(|it| it == word);
    has("cfg") && has("test") && !has("not") && !has("any")
}

fn is_name(token: &str) -> bool {
    let first = token.chars().next();
    first.is_some_and(|it| it.is_alphabetic() || it == '_')
}

/// The words and signs of a source. Comments are left out, and so are texts, of which a quote
/// remains.
pub(crate) fn tokens(source: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let is_word = |it: char| it.is_alphanumeric() || it == '_';
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if first == '"' {
            tokens.push("\"".to_owned());
            text(rest)
        } else if first == '\'' {
            character(rest)
        } else if is_word(first) {
            let end = rest.find(|it| !is_word(it)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            match raw_text(word, after) {
                Some(length) => {
                    tokens.push("\"".to_owned());
                    end + length
                }
                // r#name is a name.
                None if word == "r" && after.starts_with('#') => end + 1,
                // What stands before a text or a character of bytes.
                None if matches!(word, "b" | "c") && after.starts_with(['"', '\'']) => end,
                None => {
                    tokens.push(word.to_owned());
                    end
                }
            }
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

/// The length of the comment that begins here; such comments may be within each other.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The length of the text that begins here.
fn text(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of the raw text after this word, if it begins one.
fn raw_text(word: &str, after: &str) -> Option<usize> {
    let hashes = after.len() - after.trim_start_matches('#').len();
    if !matches!(word, "r" | "br" | "cr") || !after[hashes..].starts_with('"') {
        return None;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let start = hashes + 1;
    let length = after[start..].find(&end)?;
    Some(start + length + end.len())
}

/// The length of the character, or of the quote before a lifetime's name.
fn character(rest: &str) -> usize {
    let mut characters = rest.char_indices().skip(1);
    match (characters.next(), characters.next()) {
        (Some((_, '\\')), Some((at, escaped))) => {
            let from = at + escaped.len_utf8();
            rest[from..].find('\'').map_or(from, |it| from + it + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

/// What a source names of a crate: each path without the crate's name. What stands after a
/// module's name that it imports belongs to the path.
pub(crate) fn paths_into(name: &str, source: &str) -> BTreeSet<ModulePath> {
    let mut modules = BTreeMap::new();
    let tokens = tokens(source);
    let mut reader = Reader {
        tokens: &tokens,
        file: "",
        modules: &mut modules,
        declared: Vec::new(),
        reads_tests: true,
    };
    reader.module(0, tokens.len(), ModulePath::new());
    let mut found = BTreeSet::new();
    for module in modules.values() {
        for reference in &module.references {
            let (first, rest) = reference.path.split_first().unwrap();
            let path = match module.names.get(first) {
                Some(imported) => [imported.as_slice(), rest].concat(),
                None => reference.path.clone(),
            };
            if path[0] == name {
                found.insert(path[1..].to_vec());
            }
        }
    }
    found
}

/// The imports of a crate of these files, as `from -> to`.
#[cfg(test)]
fn arrows(files: &[(&str, &str)]) -> Vec<String> {
    let imports = Crate::of(files, "lib.rs").imports().into_iter();
    imports
        .map(|it| format!("{} -> {}", it.from_file, it.to_file))
        .collect()
}

#[test]
fn a_source_is_read_without_its_comments_and_texts() {
    let source = r##"
// use crate::comment;
/* a /* nested */ use crate::block; */
use crate::r#type; fn f<'a>(_: &'a str) -> char { let _ = ("use \" x", b"y", r#"a"b"#, '\'', '"'); 'x' }
"##;
    let words = tokens(source);
    let expected = "use crate :: type ; fn f < a > ( _ : & a str ) - > char \
                    { let _ = ( \" , \" , \" , , ) ; }";
    assert_eq!(words.join(" "), expected);
}

#[test]
fn every_way_to_import_is_read() {
    let files = [
        ("lib.rs", "mod a; mod b; pub mod c; mod d; mod e; mod f;"),
        (
            "a.rs",
            "use crate::b::{self as other, B}; fn a() { other::b(); }",
        ),
        (
            "b.rs",
            "pub(crate) struct B; fn b() -> crate::c::C { super::d::d() }",
        ),
        (
            "c/mod.rs",
            "mod inner; pub use inner::C; pub use self::inner::*;",
        ),
        (
            "c/inner.rs",
            "pub struct C; pub struct E; fn c() { std::mem::drop(1) }",
        ),
        (
            "d.rs",
            "use crate::c; use ::std::fmt; fn d() { c::C::new(); x.c::<u8>() }",
        ),
        (
            "e.rs",
            "mod deep { use super::super::c::E; } macro_rules! m { () => { $crate::a::A } }",
        ),
        (
            "f.rs",
            "#[cfg(test)] use crate::a::A; #[cfg(test)] mod tests { use crate::a::A; }
             #[cfg(test)] mod more; struct F { #[cfg(test)] a: crate::a::A, b: crate::b::B }
             #[cfg(test)] fn f<A, B>() -> crate::a::A { crate::a::A } fn g() { crate::d::d() }",
        ),
    ];
    let expected = [
        "a.rs -> b.rs",
        "b.rs -> c/inner.rs",
        "b.rs -> d.rs",
        "c/mod.rs -> c/inner.rs",
        "d.rs -> c/inner.rs",
        "d.rs -> c/mod.rs",
        "e.rs -> a.rs",
        "e.rs -> c/inner.rs",
        "f.rs -> b.rs",
        "f.rs -> d.rs",
    ];
    let mut found = arrows(&files);
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn a_circle_is_found_and_a_reexport_is_none() {
    let circles = |files: &[(&str, &str)]| Crate::of(files, "lib.rs").circles();
    let parent = ("lib.rs", "mod money; mod json; mod problem;");
    let found = circles(&[
        parent,
        ("money.rs", "use crate::json::Json;"),
        ("json.rs", "pub struct Json; fn f() { super::problem::p() }"),
        ("problem.rs", "use crate::money::Money;"),
    ]);
    let expected = ["json.rs", "money.rs", "problem.rs"].map(str::to_owned);
    assert_eq!(found, [BTreeSet::from(expected)]);

    // Children that reach each other through what their parent passes on.
    let reexports = "mod table; mod order; pub use order::Order; pub(crate) use self::table::*;";
    let good = [
        ("lib.rs", "pub mod orders;"),
        ("orders/mod.rs", reexports),
        ("orders/order.rs", "pub struct Order;"),
        ("orders/table.rs", "use super::Order; pub struct Table;"),
    ];
    assert!(circles(&good).is_empty());
    let mut bad = good;
    bad[2].1 = "use super::Table; pub struct Order;";
    let expected = ["orders/order.rs", "orders/table.rs"].map(str::to_owned);
    assert_eq!(circles(&bad), [BTreeSet::from(expected)]);

    // A parent that uses what a child defines, which needs what the parent defines.
    let mut bad = good;
    bad[1].1 = "mod table; mod order; pub struct Page; fn f(_: order::Order) {}";
    bad[2].1 = "use super::Page; pub struct Order;";
    bad[3].1 = "";
    let expected = ["orders/mod.rs", "orders/order.rs"].map(str::to_owned);
    assert_eq!(circles(&bad), [BTreeSet::from(expected)]);
}
