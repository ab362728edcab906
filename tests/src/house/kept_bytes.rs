//! The rule that an operation which keeps tensors says how large they are.

use super::Source;

/// An operation whose own fields hold tensors or masks has an `attribute_bytes`: a graph would show 0 otherwise.
pub fn kept_bytes(source: &Source) -> Vec<String> {
    if !source.path.starts_with("crates/gradlet-autograd/src/ops/") {
        return Vec::new();
    }
    let code = &source.shipped;
    let mut complaints = Vec::new();
    for (at, _) in code.match_indices("struct ") {
        let rest = &code[at + "struct ".len()..];
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric()).collect();
        let Some(fields) = braces(rest) else {
            continue;
        };
        let keeps = fields.contains("Tensor<") || fields.contains("Mask");
        let operation = code
            .match_indices(&format!(" for {name}"))
            .filter(|(at, _)| code[..*at].ends_with("Op<T>"))
            .find_map(|(at, _)| braces(&code[at..]));
        if keeps && operation.is_some_and(|operation| !operation.contains("fn attribute_bytes")) {
            complaints.push(source.complaint(at, "keeps tensors without an `attribute_bytes`"));
        }
    }
    complaints
}

/// What stands in the braces that open first; `None` where a statement ends before.
fn braces(code: &str) -> Option<&str> {
    let open = code.find(['{', ';'])?;
    let mut depth = 0_usize;
    for (i, c) in code[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (i > 0).then(|| &code[open..open + i]);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, code: &str) -> usize {
        kept_bytes(&Source::new(path, code)).len()
    }

    #[test]
    fn operations_that_hide_what_they_keep_are_found() {
        let op = "crates/gradlet-autograd/src/ops/pick.rs";
        let implementation = "impl<T: Float> Op<T> for Pick<T> { fn forward() {} }";
        let silent = format!("struct Pick<T> {{ indices: Tensor<i64>, t: T }}\n{implementation}");
        assert_eq!(complaints(op, &silent), 1);
        assert_eq!(complaints("crates/gradlet-autograd/src/var.rs", &silent), 0);
        let said = silent.replace("{} }", "{} fn attribute_bytes() {} }");
        assert_eq!(complaints(op, &said), 0);
        let other = format!("struct Pick;\nstruct Options {{ w: Tensor<T> }}\n{implementation}");
        assert_eq!(complaints(op, &other), 0);
    }
}
