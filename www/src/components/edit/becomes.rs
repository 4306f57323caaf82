//! What becomes of the image.

use std::collections::BTreeMap;
use std::sync::Arc;

use drydock::digest::Digest;
use drydock::edit::present::DocumentDiff;
use drydock::edit::view::{BecomesLayer, Fate};
use drydock::edit::{Lost, is_provisional};
use drydock::finding::Finding;
use leptos::prelude::*;

use super::diff::{Count, DiffLines, open_at_first};
use crate::components::{
    Badge, ByteSize, DigestChip, Fact, Facts, FindingRow, Icon, LayerDot, LongTable, Picture,
    format,
};

/// The digest that the image will have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NewDigest {
    /// Not known yet.
    #[default]
    Unknown,
    /// The one that it had: nothing was changed.
    Same(Digest),
    /// Another one.
    New(Digest),
    /// Another one, which is known when so many layers have been built.
    After(usize),
}

/// Class and word of what becomes of a layer.
fn look(fate: Fate) -> (&'static str, &'static str) {
    match fate {
        Fate::Kept => ("", "kept"),
        Fate::New => ("added", "+ new"),
        Fate::Removed => ("removed", "- removed"),
        Fate::OtherBase => ("added", "+ other base"),
    }
}

/// Documents, layers and the digest of what comes of the edits, and what is left behind.
#[component]
pub fn Becomes(
    /// The documents, those first that are looked at first.
    #[prop(into)]
    documents: Signal<Vec<DocumentDiff>>,
    /// The layers of the platform that is shown, those that are gone where they were.
    #[prop(into)]
    layers: Signal<Vec<BecomesLayer>>,
    /// The digest of the root.
    #[prop(into)]
    digest: Signal<NewDigest>,
    /// What goes on to be about the old documents.
    #[prop(into)]
    lost: Signal<Vec<Lost>>,
    /// What is odd about the edits.
    #[prop(into)]
    findings: Signal<Vec<Finding>>,
    /// A remark beside the title.
    #[prop(into, optional)]
    note: Signal<String>,
) -> impl IntoView {
    let rows = move || {
        let findings = findings.get().into_iter().map(folded);
        findings.map(|finding| view! { <FindingRow finding /> }).collect_view()
    };
    view! {
        <section class="card becomes">
            <header>
                <h2>"What becomes of it"</h2>
                <span class="note">{note}</span>
            </header>
            <Documents documents />
            <Layers layers />
            <Facts>
                <Fact name="New digest">
                    <div aria-live="polite">{move || digest_view(digest.get())}</div>
                </Fact>
                <Fact name="Left behind">{move || lost_view(&lost.get())}</Fact>
            </Facts>
            <Show when=move || findings.with(|findings| !findings.is_empty())>
                <ul class="rows findings">{rows}</ul>
            </Show>
        </section>
    }
}

/// A finding whose digests do not drown its sentence.
fn folded(finding: Finding) -> Finding {
    let fold = |text: String| format::folded(&text);
    Finding {
        message: fold(finding.message),
        expected: finding.expected.map(fold),
        actual: finding.actual.map(fold),
        ..finding
    }
}

#[component]
fn Documents(documents: Signal<Vec<DocumentDiff>>) -> impl IntoView {
    // What the reader opened and closed, by name, as the documents are other ones after each edit.
    let chosen = RwSignal::new(BTreeMap::<String, bool>::new());
    let at_first = Memo::new(move |_| documents.with(|documents| open_at_first(documents)));
    let rows = move || {
        let changed = documents.get().into_iter().filter(|document| !document.lines.is_empty());
        let rows = changed.map(|document| {
            let (label, name) = (document.label.clone(), document.label.clone());
            let open = Memo::new(move |_| {
                let chosen = chosen.with(|chosen| chosen.get(&label).copied());
                chosen.unwrap_or_else(|| at_first.with(|open| open.contains(&label)))
            });
            let toggle = move |_| {
                let (name, open) = (name.clone(), open.get_untracked());
                chosen.update(|chosen| {
                    chosen.insert(name, !open);
                });
            };
            view! { <ChangedDocument document open toggle /> }
        });
        rows.collect_view()
    };
    let kept = move || {
        let kept = documents.with(|documents| {
            let kept = documents.iter().filter(|document| document.lines.is_empty());
            kept.map(|document| format::visible(&document.label)).collect::<Vec<String>>()
        });
        (!kept.is_empty()).then(|| {
            view! {
                <p class="kept muted">
                    "Kept byte for byte: " <bdi>{kept.join(", ")}</bdi>
                </p>
            }
        })
    };
    view! {
        <div class="documents-diff">{rows} {kept}</div>
    }
}

#[component]
fn ChangedDocument(
    document: DocumentDiff,
    open: Memo<bool>,
    toggle: impl Fn(web_sys::MouseEvent) + 'static,
) -> impl IntoView {
    let DocumentDiff { label, before, after, lines } = document;
    let Count { added, removed } = Count::of(&lines);
    let lines = Arc::new(lines);
    let digest = match is_provisional(&after) {
        true => "after its layers are built".to_owned(),
        false => after.short().to_owned(),
    };
    let news = before.is_none().then(|| view! { <Badge text="new" /> });
    let shown = format::visible(&label);
    view! {
        <div class="document-diff">
            <button
                type="button"
                class="diff-head"
                aria-expanded=move || open.get().to_string()
                on:click=toggle
            >
                <span class="turn">
                    <Icon picture=Picture::Down size=12 />
                </span>
                <bdi class="clip">{shown}</bdi>
                {news}
                <span class="count">
                    <span class="added">{format!("+{added}")}</span>
                    " "
                    <span class="removed">{format!("-{removed}")}</span>
                </span>
                <span class="mono muted clip">{digest}</span>
            </button>
            <Show when=move || open.get()>
                <DiffLines label=label.clone() lines=lines.clone() />
            </Show>
        </div>
    }
}

#[component]
fn Layers(layers: Signal<Vec<BecomesLayer>>) -> impl IntoView {
    move || {
        let layers = layers.get();
        let rows = Signal::stored(layers.len());
        let row = Callback::new(move |at: usize| layers.get(at).cloned().map(layer_row).into_any());
        let head = || {
            view! {
                <tr>
                    <th scope="col">"Layer"</th>
                    <th scope="col">"Digest"</th>
                    <th scope="col" class="number">
                        "Size"
                    </th>
                    <th scope="col">"Made by"</th>
                </tr>
            }
        };
        (rows.get_untracked() > 0).then(|| {
            view! {
                <LongTable rows row head class="layers-diff" label="Layers before and after" />
            }
        })
    }
}

fn layer_row(layer: BecomesLayer) -> impl IntoView {
    let (class, word) = look(layer.fate);
    let digest = match layer.digest {
        Some(digest) => view! { <DigestChip digest /> }.into_any(),
        None => view! { <span class="muted">"to be built"</span> }.into_any(),
    };
    let size = layer.size.map(|bytes| view! { <ByteSize bytes /> });
    let step = format::cut(&layer.step, 300);
    view! {
        <tr class=class>
            <th scope="row" class="nowrap">
                <LayerDot layer=layer.number />
                <span class="at">{layer.number.map(|number| format::count(number as u64))}</span>
                {word}
            </th>
            <td data-name="Digest">{digest}</td>
            <td data-name="Size" class="number">
                {size}
            </td>
            <td data-name="Made by" class="made">
                <bdi title=step>{step.clone()}</bdi>
            </td>
        </tr>
    }
}

fn digest_view(digest: NewDigest) -> AnyView {
    match digest {
        NewDigest::Unknown => view! { <span class="muted">"not known yet"</span> }.into_any(),
        NewDigest::Same(digest) => view! {
            <DigestChip digest named=true />
            " "
            <span class="muted">"as it was: nothing is changed"</span>
        }
        .into_any(),
        NewDigest::New(digest) => view! { <DigestChip digest named=true /> }.into_any(),
        NewDigest::After(layers) => {
            let layers = format::plural(layers, "layer is", "layers are");
            view! { <span class="muted">{format!("after {layers} built")}</span> }.into_any()
        }
    }
}

fn lost_view(lost: &[Lost]) -> AnyView {
    if lost.is_empty() {
        return view! { <span class="muted">"nothing"</span> }.into_any();
    }
    let items = lost.iter().map(|lost| {
        let (kind, detail) = kind_of(lost);
        let of = format!(" of {}", format::visible(&lost.label));
        let tag = lost.attached.tag.as_ref().map(|tag| {
            view! {
                " "
                <code>
                    <bdi>{format::visible(tag)}</bdi>
                </code>
            }
        });
        let digest = lost.attached.digest.clone().map(|digest| {
            view! {
                " "
                <DigestChip digest />
            }
        });
        view! {
            <li>
                <bdi>{format::visible(&kind)} {detail} {of}</bdi>
                {tag}
                {digest}
            </li>
        }
    });
    let items = items.collect_view();
    view! {
        <details class="lost">
            <summary>
                <Badge kind="warning" text=summary(lost) />
                {if lost.len() == 1 { " stays with the old digest" } else { " stay with the old digest" }}
            </summary>
            <ul>{items}</ul>
        </details>
    }
    .into_any()
}

/// What something lost is, and what narrows it.
fn kind_of(lost: &Lost) -> (String, String) {
    match &lost.attached.artifact {
        Some(kind) if kind.detail.is_empty() => (kind.name.clone(), String::new()),
        Some(kind) => (kind.name.clone(), format!(" ({})", format::visible(&kind.detail))),
        None if lost.attached.tag.as_deref().is_some_and(|tag| tag.ends_with(".sig")) => {
            ("signature".to_owned(), String::new())
        }
        None => ("referrer".to_owned(), String::new()),
    }
}

/// `1 signature, 2 attestations`, in the order in which they first come.
fn summary(lost: &[Lost]) -> String {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for lost in lost {
        let (kind, _) = kind_of(lost);
        match counts.iter_mut().find(|(other, _)| *other == kind) {
            Some((_, count)) => *count += 1,
            None => counts.push((kind, 1)),
        }
    }
    let texts = counts.iter().map(|(kind, count)| {
        let kind = format::visible(kind);
        // Provenance is none that is counted.
        let many = if kind == "provenance" { kind.clone() } else { format!("{kind}s") };
        format::plural(*count, &kind, &many)
    });
    texts.collect::<Vec<String>>().join(", ")
}

#[cfg(test)]
mod tests {
    use drydock::edit::Attached;
    use drydock::image::{ArtifactKind, Category};

    use super::*;

    fn lost(name: Option<&str>, tag: Option<&str>) -> Lost {
        let artifact = name.map(|name| ArtifactKind {
            category: Category::Other,
            name: name.to_owned(),
            detail: String::new(),
        });
        let tag = tag.map(str::to_owned);
        Lost {
            label: "index".to_owned(),
            before: Digest::sha256(b""),
            attached: Attached { digest: None, tag, artifact },
        }
    }

    #[test]
    fn what_is_lost_is_counted_by_kind() {
        let all = [
            lost(Some("signature"), None),
            lost(Some("attestation"), None),
            lost(Some("attestation"), None),
            lost(Some("SBOM"), None),
            lost(Some("provenance"), None),
            lost(Some("provenance"), None),
            lost(None, Some("sha256-1.sig")),
            lost(None, None),
        ];
        assert_eq!(summary(&all), "2 signatures, 2 attestations, 1 SBOM, 2 provenance, 1 referrer");
    }
}
