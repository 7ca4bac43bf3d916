//! The command line: `<command> [--name value]... [--flag]...`

use std::collections::HashMap;
use std::str::FromStr;

pub struct Args {
    pub command: String,
    /// What stands without a `--name` after the command.
    pub words: Vec<String>,
    options: HashMap<String, String>,
}

const FLAGS: [&str; 2] = ["expect-timeout", "lossy"];

impl Args {
    pub fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let command = words.next().ok_or("no command given")?;
        let mut args = Args {
            command,
            words: Vec::new(),
            options: HashMap::new(),
        };
        while let Some(word) = words.next() {
            match word.strip_prefix("--") {
                Some(flag) if FLAGS.contains(&flag) => {
                    args.options.insert(flag.into(), String::new());
                }
                Some(name) => {
                    let value = words.next().ok_or(format!("--{name} needs a value"))?;
                    args.options.insert(name.into(), value);
                }
                None => args.words.push(word),
            }
        }
        Ok(args)
    }

    pub fn flag(&self, name: &str) -> bool {
        self.options.contains_key(name)
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }

    pub fn number<T: FromStr>(&self, name: &str, default: T) -> Result<T, String> {
        match self.text(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| format!("--{name} {text}: not a number")),
        }
    }

    pub fn port(&self) -> Result<u16, String> {
        match self.text("port") {
            None => Err("--port is missing".into()),
            Some(_) => self.number("port", 0),
        }
    }

    pub fn seed(&self, name: &str, default: u8) -> Result<u8, String> {
        self.text(name).map_or(Ok(default), seed_byte)
    }

    pub fn list(&self, name: &str) -> Option<Vec<&str>> {
        Some(
            self.text(name)?
                .split(',')
                .map(str::trim)
                .filter(|word| !word.is_empty())
                .collect(),
        )
    }
}

/// A seed is written as one byte in hex; the real one repeats it 32 times.
pub fn seed_byte(text: &str) -> Result<u8, String> {
    u8::from_str_radix(text, 16).map_err(|_| format!("{text}: a seed is one byte in hex, as 03"))
}
