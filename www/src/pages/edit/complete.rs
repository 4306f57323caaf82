//! From what a form asks for to an edit: files are taken onto disk, references pinned.

use std::collections::{BTreeMap, BTreeSet};

use drydock::edit::{
    Action, AttachEdit, AttachedFile, BaseAnnotations, Bases, Contents, Edit, IndexEdit, LayerEdit,
    LayerInput, Packing, Rebase, Scope,
};
use drydock::layer::write::{Keep, NewEntry, NewNode};

use crate::chosen::Chosen;
use crate::components::{Executable, Times, Wanted, placed};
use crate::jobs::gather::{self, Gathered, Taken};
use crate::jobs::{self, Problem, ProblemKind, Progress};

/// Edits that are complete, and where on disk the files are that they name.
#[derive(Debug, Default)]
pub(super) struct Complete {
    pub(super) edits: Vec<Edit>,
    pub(super) contents: Contents,
}

/// Makes edits of what forms ask for. `bases` are the references that the image's annotations name.
///
/// # Errors
/// When a file can't be read, a reference can't be pinned, or there is no room on the disk.
pub(super) async fn complete(
    wanted: Vec<Wanted>,
    bases: Bases,
    on_progress: impl FnMut(Progress) + Clone + 'static,
) -> Result<Complete, Problem> {
    let mut complete = Complete::default();
    for wanted in wanted {
        one(wanted, &bases, &mut complete, on_progress.clone()).await?;
    }
    Ok(complete)
}

async fn one(
    wanted: Wanted,
    bases: &Bases,
    complete: &mut Complete,
    on_progress: impl FnMut(Progress) + Clone + 'static,
) -> Result<(), Problem> {
    match wanted {
        Wanted::Edit(edit) => complete.edits.push(*edit),
        Wanted::Files {
            chosen,
            destination,
            contents,
            uid,
            gid,
            file_mode,
            directory_mode,
            directories,
            executable,
            times,
            packing,
            base,
            layer_per_top,
            scope,
        } => {
            let rules = Rules { uid, gid, file_mode, directory_mode, executable, times };
            let taken = gather::take(&chosen, on_progress).await?;
            let mut layers: Vec<(String, Vec<NewEntry>)> = Vec::new();
            for (file, taken) in chosen.iter().zip(&taken.files) {
                let path = placed(&destination, &file.path, contents);
                let entry = rules.file(path, taken, file.mtime);
                let top = match layer_per_top {
                    true => file.path.split('/').next().unwrap_or_default().to_owned(),
                    false => String::new(),
                };
                match layers.last_mut().filter(|(last, _)| *last == top) {
                    Some((_, entries)) => entries.push(entry),
                    None => layers.push((top, vec![entry])),
                }
            }
            for (_, entries) in layers {
                let entries = rules.with_directories(entries, &destination, directories);
                complete.edits.push(layer(LayerInput::Files { entries, packing }, base, &scope));
            }
            complete.contents.extend(taken.contents);
        }
        Wanted::Tar { chosen, packing, base, scope } => {
            // Each is a blob of its own, as what is compressed already becomes the layer itself.
            let mut before = 0;
            for file in chosen.iter() {
                let mut told = on_progress.clone();
                let told = move |now: Progress| {
                    told(Progress { downloaded: before + now.downloaded, ..now });
                };
                let Taken { files, contents } =
                    gather::take(std::slice::from_ref(file), told).await?;
                before += file.blob.size() as u64;
                let Some(taken) = files.into_iter().next() else { continue };
                let input = given(file, taken, packing);
                complete.edits.push(layer(input, base, &scope));
                complete.contents.extend(contents);
            }
        }
        Wanted::Attach { chosen, artifact_type, annotations, to, scope } => {
            let taken = gather::take(&chosen, on_progress).await?;
            let files = chosen.iter().zip(&taken.files).map(|(file, taken)| {
                let name = file.path.rsplit('/').next().unwrap_or_default();
                AttachedFile {
                    media_type: artifact_type.clone(),
                    digest: taken.digest.clone(),
                    size: taken.size,
                    title: Some(name.to_owned()),
                }
            });
            let files = files.collect();
            let attach = AttachEdit { to, artifact_type, files, annotations };
            complete.edits.push(Edit { scope, record: false, action: Action::Attach(attach) });
            complete.contents.extend(taken.contents);
        }
        Wanted::Rebase { old, new, env, scope } => {
            let old = match (old, &bases.old) {
                (Some(old), _) => jobs::edit::pin(&old).await?,
                (None, Some(old)) => jobs::edit::pin(&old.to_string()).await?,
                (None, None) => {
                    return Err(Problem::new(
                        ProblemKind::NotFound,
                        "The image does not say what it was made from. Name its old base.",
                    ));
                }
            };
            let new = jobs::edit::pin(&new).await?;
            let action = Action::Rebase(Rebase { old, new, env });
            complete.edits.push(Edit { scope, record: false, action });
        }
        Wanted::IndexAdd { reference } => {
            let pinned = jobs::edit::pin(&reference).await?;
            let target = drydock::reference::Target::Digest(pinned.digest().clone());
            let fetched = jobs::edit::root(pinned.reference(), &target).await?;
            let media_type = fetched.media_type.clone().map(|it| it.to_string());
            let media_type = media_type.unwrap_or_default();
            let size = fetched.bytes.len() as u64;
            let descriptor =
                drydock::descriptor::Descriptor::new(media_type.as_str(), fetched.digest, size);
            let add = IndexEdit::Add { descriptor: Box::new(descriptor), from: Some(pinned) };
            complete.edits.push(Edit::all(Action::Index(add)));
        }
    }
    Ok(())
}

fn layer(layer: LayerInput, base: BaseAnnotations, scope: &Scope) -> Edit {
    let action = Action::Layers(LayerEdit::Add { layer, base });
    Edit { scope: scope.clone(), record: false, action }
}

fn given(file: &Chosen, taken: Gathered, packing: Packing) -> LayerInput {
    let name = file.path.rsplit('/').next().unwrap_or_default().to_owned();
    LayerInput::Given { name, digest: taken.digest, size: taken.size, packing }
}

struct Rules {
    uid: u32,
    gid: u32,
    file_mode: u16,
    directory_mode: u16,
    executable: Executable,
    times: Times,
}

impl Rules {
    fn file(&self, path: String, taken: &Gathered, mtime: i64) -> NewEntry {
        let runs = match self.executable {
            Executable::All => true,
            Executable::None => false,
            Executable::Programs => taken.program,
        };
        // Who may read a program may run it.
        let mode =
            if runs { self.file_mode | (self.file_mode & 0o444) >> 2 } else { self.file_mode };
        NewEntry {
            path,
            mode,
            uid: self.uid,
            gid: self.gid,
            mtime: self.time(mtime),
            keep: Keep::default(),
            node: NewNode::File { digest: taken.digest.clone(), size: taken.size },
        }
    }

    /// Adds the directories in which the files lie. Those that the image has stay as they are; with
    /// `change` those from the destination on get mode and owner.
    fn with_directories(
        &self,
        files: Vec<NewEntry>,
        destination: &str,
        change: bool,
    ) -> Vec<NewEntry> {
        let top = destination.trim_matches('/');
        let mut directories = BTreeMap::new();
        for file in &files {
            let mut path = file.path.as_str();
            while let Some((above, _)) = path.rsplit_once('/') {
                let newest: &mut i64 = directories.entry(above.to_owned()).or_insert(file.mtime);
                *newest = (*newest).max(file.mtime);
                path = above;
            }
        }
        let taken: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
        directories.retain(|path, _| !taken.contains(path.as_str()));
        let directories = directories.into_iter().map(|(path, mtime)| {
            let own = change && path.len() > top.len();
            NewEntry {
                mode: self.directory_mode,
                uid: self.uid,
                gid: self.gid,
                mtime,
                keep: Keep { mode: !own, owner: !own, ..Keep::ALL },
                node: NewNode::Directory,
                path,
            }
        });
        let mut entries: Vec<NewEntry> = directories.collect();
        entries.extend(files);
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries
    }

    fn time(&self, own: i64) -> i64 {
        match self.times {
            Times::Keep => own,
            Times::Fixed(time) => time,
        }
    }
}
