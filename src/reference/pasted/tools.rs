//! The tools whose commands people paste: which words are commands, and which options take the
//! next word as their value. Taken from each tool's own help.

mod containers;
mod others;
mod registries;

/// A tool.
pub(super) struct Tool {
    /// The names that it goes by.
    pub(super) names: &'static str,
    /// Words that only lead to a command: `image` in `docker image pull`.
    pub(super) groups: &'static str,
    /// Options with a value that stand before the command.
    pub(super) globals: &'static str,
    /// Options with a value that every command of the tool takes, also before the command.
    pub(super) values: &'static str,
    /// What it does; the row with the command's word counts, else the last one, which is for all
    /// others and for tools that need no command.
    pub(super) commands: &'static [Command],
}

/// Commands that take the same options.
pub(super) struct Command {
    /// Their words; with the group before a slash where the word alone means something else.
    pub(super) words: &'static str,
    /// Options with a value.
    pub(super) values: &'static str,
    /// Where the image stands.
    pub(super) image: Place,
}

/// Where in a command the image stands.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// The argument with this number, from 0.
    Argument(usize),
    /// An argument, or else the value of one of these options.
    ArgumentOr(usize, &'static str),
    /// The value of one of these options.
    Option(&'static str),
    /// The argument that begins with `oci://`, with its version in an option of its own.
    Chart,
    /// A repository, and behind it a digest.
    RepositoryAndDigest,
    /// It stands for a registry.
    Registry,
    /// There is none.
    Nowhere,
}

const FIRST: Place = Place::Argument(0);
const SECOND: Place = Place::Argument(1);

const TOOLS: [&[Tool]; 3] = [containers::TOOLS, registries::TOOLS, others::TOOLS];

/// The tool with a name, as it is typed: `/usr/bin/docker` is docker.
pub(super) fn tool(word: &str) -> Option<&'static Tool> {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    let name = name.strip_suffix(".exe").unwrap_or(name);
    // A path that ends in a tool's name is a tool only below a place for programs.
    if name.len() != word.len() && !word.starts_with(['/', '.', '~', 'C', 'c']) {
        return None;
    }
    TOOLS.into_iter().flatten().find(|tool| has(tool.names, name))
}

/// The tool whose command this word is, for text from which the tool's name is missing.
pub(super) fn tool_of_command(word: &str) -> Option<&'static Tool> {
    let docker = containers::TOOLS.first()?;
    let known = |command: &Command| has(command.words, word);
    docker.commands.iter().any(known).then_some(docker)
}

/// Whether a list of words has this one.
pub(super) fn has(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|each| each == word)
}

impl Tool {
    /// What the tool does by a word behind the group, if there was one.
    pub(super) fn command(&self, group: &str, word: &str) -> Option<&'static Command> {
        let named = |word: &str| self.commands.iter().find(|command| has(command.words, word));
        named(&format!("{group}/{word}")).or_else(|| named(word))
    }

    /// What it does when no word says it.
    pub(super) fn default_command(&self) -> Option<&'static Command> {
        self.commands.last()
    }
}
