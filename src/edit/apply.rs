//! From an image and a draft to the new documents.

use crate::edit::action::{Action, AttachTo, LayerEdit};
use crate::edit::change::Change;
use crate::edit::draft::{Base, Draft, Edit};
use crate::edit::error::{EditError, Failure, Reason};
use crate::edit::finish::finish;
use crate::edit::image::Image;
use crate::edit::node::{Node, ROOT_IMAGE};
use crate::edit::recipe::{Recipe, RecipeId};
use crate::edit::shared::{Context, Shared};
use crate::edit::work::Work;
use crate::edit::{annotations, index, raw};
use crate::limits;

/// Does the edits of a draft to its base. Layers that have not been built yet leave the change
/// [pending](Change::is_pending), with everything else as it will be.
///
/// # Errors
/// Which edit can't be done, on which image, and why.
pub fn apply(image: &Image, draft: &Draft, context: &Context<'_>) -> Result<Change, EditError> {
    if draft.version != Draft::VERSION {
        return Err(EditError::Version(draft.version));
    }
    if draft.edits.len() > limits::DRAFT_EDITS {
        return Err(EditError::TooMany(draft.edits.len()));
    }
    if let Base::Image(base) = &draft.base
        && base.digest() != image.digest()
    {
        let (expected, actual) = (base.digest().clone(), image.digest().clone());
        return Err(EditError::Base { expected, actual });
    }
    let mut work = Work::open(image, draft, context).map_err(|failure| result(failure, image))?;
    for (at, edit) in draft.edits.iter().enumerate() {
        work.edit(edit).map_err(|failure| EditError::Edit {
            edit: at + 1,
            summary: edit.action.summary(),
            label: failure.label.unwrap_or_else(|| root_label(image).to_owned()),
            reason: failure.reason,
        })?;
    }
    finish(work).map_err(|failure| result(failure, image))
}

/// Everything that is built for a draft, each before what takes it as input.
///
/// # Errors
/// As [`apply`].
pub fn recipes(
    image: &Image,
    draft: &Draft,
    context: &Context<'_>,
) -> Result<Vec<(RecipeId, Recipe)>, EditError> {
    apply(image, draft, context).map(|change| change.recipes)
}

fn result(failure: Failure, image: &Image) -> EditError {
    let label = failure.label.unwrap_or_else(|| root_label(image).to_owned());
    EditError::Result { label, reason: failure.reason }
}

fn root_label(image: &Image) -> &'static str {
    if image.is_index() { "index" } else { ROOT_IMAGE }
}

impl<'a> Work<'a> {
    fn open(image: &Image, draft: &'a Draft, context: &'a Context<'a>) -> Result<Self, Failure> {
        let time = draft.time.unwrap_or(context.now);
        let root = Node::open(image, root_label(image), None)?;
        Ok(Self { root, shared: Shared::new(draft, context, time) })
    }

    fn edit(&mut self, edit: &Edit) -> Result<(), Failure> {
        match &edit.action {
            Action::Config(config) => self.images(edit, |target| target.config(config)),
            Action::Layers(layers) => {
                let removed = self.shared.removed;
                self.images(edit, |target| target.layers(layers))?;
                match layers {
                    LayerEdit::Add { base, .. } if edit.scope.is_all() => {
                        self.name_base_of_index(*base);
                    }
                    LayerEdit::RemoveCreatedBy { text } if self.shared.removed == removed => {
                        return Err(Reason::NotMadeBy(text.chars().take(100).collect()).into());
                    }
                    _ => {}
                }
                Ok(())
            }
            Action::Rebase(rebase) => {
                self.images(edit, |target| target.rebase(rebase))?;
                self.rebased(rebase, &edit.scope);
                Ok(())
            }
            Action::Convert { to } => {
                let images = edit.scope.is_all() && self.lists_nothing();
                if !images {
                    self.images(edit, |target| target.convert(*to))?;
                }
                self.convert_indexes(*to, &edit.scope);
                Ok(())
            }
            Action::Annotation { on, name, value } => {
                annotations::annotate(self, edit, *on, name, value.as_deref())
            }
            Action::Subject { subject } => {
                annotations::set_subject(&mut self.root, subject.as_ref()).map_err(Failure::from)
            }
            Action::Promote => index::promote(self, &edit.scope),
            Action::Index(change) => index::edit(self, change),
            Action::Attach(attach) => match (attach.to, &mut self.root) {
                (AttachTo::Root, Node::Index(index)) => {
                    index.attach.push(attach.clone());
                    Ok(())
                }
                (AttachTo::Root, Node::Image(image)) => {
                    image.attach.push(attach.clone());
                    Ok(())
                }
                (AttachTo::Images, _) => self.images(edit, |target| {
                    target.image.attach.push(attach.clone());
                    Ok(())
                }),
                (AttachTo::Root, Node::Kept(_)) => Err(Reason::NoImage(edit.scope.clone()).into()),
            },
            Action::Raw { document, text } => raw::replace(self, *document, &edit.scope, text),
        }
    }

    fn lists_nothing(&self) -> bool {
        matches!(&self.root, Node::Index(index) if index.entries.is_empty())
    }
}
