//! HTML templates. A value in a template is either text, which is escaped, or markup that was made here: its
//! type says which, so that the compiler checks it.

/// Markup that a browser may believe.
#[derive(Clone, Debug, Default)]
pub struct Html(String);

impl Html {
    /// Text from anywhere. It is safe between tags and within a quoted attribute.
    pub fn text(text: &str) -> Self {
        let mut html = String::with_capacity(text.len());
        for letter in text.chars() {
            match letter {
                '&' => html.push_str("&amp;"),
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                '"' => html.push_str("&quot;"),
                '\'' => html.push_str("&#39;"),
                letter => html.push(letter),
            }
        }
        Html(html)
    }

    /// Puts values into `{{name}}`, in one go: what a value contains is not looked at again. A hole that
    /// nothing fills stays empty.
    pub fn fill(template: &'static str, values: &[(&str, Html)]) -> Self {
        let mut html = String::with_capacity(template.len() * 2);
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").unwrap_or((after, ""));
            html.push_str(before);
            let value = values.iter().find(|(known, _)| *known == name);
            html.push_str(value.map_or("", |(_, value)| &value.0));
            rest = after;
        }
        html.push_str(rest);
        Html(html)
    }

    /// One after the other.
    pub fn join(parts: impl IntoIterator<Item = Html>) -> Self {
        Html(parts.into_iter().map(|part| part.0).collect())
    }

    /// The page.
    pub fn into_string(self) -> String {
        self.0
    }
}
