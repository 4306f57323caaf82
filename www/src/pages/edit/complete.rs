//! From what a form asks for to an edit: files are taken onto disk, references pinned.

use drydock::edit::{
    Action, AttachEdit, AttachedFile, BaseAnnotations, Bases, ChosenFile, Contents, Edit,
    IndexEdit, LayerEdit, LayerInput, Packing, Rebase, Scope,
};

use crate::chosen::Chosen;
use crate::components::Wanted;
use crate::jobs::gather::{self, Gathered, Taken};
use crate::jobs::{self, Problem, ProblemKind, Progress};
use crate::net::clock;

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
        Wanted::Files { chosen, rules, packing, base, scope } => {
            let taken = gather::take(&chosen, on_progress).await?;
            let files = chosen.iter().zip(&taken.files).map(|(file, taken)| ChosenFile {
                path: file.path.clone(),
                mtime: file.mtime,
                digest: taken.digest.clone(),
                size: taken.size,
                program: taken.program,
            });
            let files: Vec<ChosenFile> = files.collect();
            clock::let_others_run().await;
            for entries in rules.layers(&files) {
                clock::let_others_run().await;
                complete.edits.push(layer(
                    LayerInput::Files { entries: entries.into(), packing },
                    base,
                    &scope,
                ));
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
                    let headline = "The image does not say what it was made from.";
                    let problem = Problem::new(ProblemKind::NotFound, headline);
                    return Err(problem.advise("Name its old base."));
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
