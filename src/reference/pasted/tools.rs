//! The tools whose commands people paste: which words are commands, which options take the next
//! word as their value, where the image stands, and what says its platform or its version. Taken
//! from each tool's own help.

mod builders;
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
    /// Options that say for which platform.
    pub(super) platform: PlatformOptions,
    /// What it writes before a name to say where the image is: `registry:alpine`.
    pub(super) prefixes: &'static str,
    /// What it does, by the command's word. A row without words is for a tool that needs none.
    pub(super) commands: &'static [Command],
}

/// Options whose values say the platform: in one word, or by its parts.
#[derive(Clone, Copy)]
pub(super) struct PlatformOptions {
    /// `linux/arm64/v8`
    pub(super) whole: &'static str,
    /// `linux`
    pub(super) os: &'static str,
    /// `arm64`
    pub(super) architecture: &'static str,
    /// `v8`
    pub(super) variant: &'static str,
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

/// Where in a command the image stands, or what else the command is about.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// The argument with this number, from 0.
    Argument(usize),
    /// An argument, or else the value of one of these options.
    ArgumentOr(usize, &'static str),
    /// The value of one of these options.
    Option(&'static str),
    /// The argument that begins with `oci://`, with its version in one of these options.
    Chart(&'static str),
    /// A repository, and behind it a digest.
    RepositoryAndDigest,
    /// The first argument that can be an image: nobody here knows the command.
    Somewhere,
    /// The first argument is a repository, and its tags are asked for.
    Tags,
    /// The first argument is a registry.
    Registry,
    /// The value of one of these options, or else the first argument: files of a computer.
    Files(&'static str),
    /// There is none.
    Nowhere,
}

const FIRST: Place = Place::Argument(0);
const SECOND: Place = Place::Argument(1);

/// What most tools have.
const PLAIN: Tool = Tool {
    names: "",
    groups: "",
    globals: "",
    values: "",
    platform: PlatformOptions { whole: "--platform", os: "", architecture: "", variant: "" },
    prefixes: "",
    commands: &[],
};

/// A command that no row has.
static UNKNOWN: Command = Command { words: "", values: "", image: Place::Somewhere };

const TOOLS: [&[Tool]; 4] = [containers::TOOLS, registries::TOOLS, builders::TOOLS, others::TOOLS];

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

/// Whether some tool does something by this word: no tag is called so.
pub(super) fn is_command(word: &str) -> bool {
    let known = |command: &Command| has(command.words, word);
    TOOLS.into_iter().flatten().any(|tool| tool.commands.iter().any(known))
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
    pub(super) fn without_command(&self) -> Option<&'static Command> {
        self.commands.iter().find(|command| command.words.is_empty())
    }

    /// What it does by a word that no row has.
    pub(super) fn by_unknown(&self) -> &'static Command {
        self.without_command().unwrap_or(&UNKNOWN)
    }
}

impl PlatformOptions {
    /// Whether an option says something of the platform.
    pub(super) fn has(&self, name: &str) -> bool {
        [self.whole, self.os, self.architecture, self.variant].iter().any(|list| has(list, name))
    }
}
