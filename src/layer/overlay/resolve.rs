//! Which directory does the first part of a name mean?

use super::build::{Builder, Lost};
use crate::layer::index::{Index, Kind};
use crate::limits;

impl<'a> Builder<'a> {
    /// Goes down from the root, following symlinks within it. What does not exist is gone through
    /// as if it were a directory.
    pub(super) fn resolve(&mut self, components: &[&[u8]]) -> Result<u32, Lost> {
        let (mut at, mut hops) = (0, 0);
        // What is left of the targets of symlinks, the innermost last.
        let mut targets: Vec<&'a [u8]> = Vec::new();
        let mut rest = components.iter();
        loop {
            let component = match targets.last_mut() {
                Some(target) => {
                    let end = target.iter().position(|byte| *byte == b'/');
                    let (component, left) = match end {
                        Some(end) => (&target[..end], Some(&target[end + 1..])),
                        None => (*target, None),
                    };
                    match left {
                        Some(left) => *target = left,
                        None => {
                            targets.pop();
                        }
                    }
                    self.symlink_steps += 1;
                    if self.symlink_steps > limits::SYMLINK_STEPS {
                        return Err(Lost::TooLong);
                    }
                    component
                }
                None => match rest.next() {
                    Some(component) => component,
                    None => return Ok(at),
                },
            };
            match component {
                b"" | b"." => continue,
                b".." => {
                    at = self.names.parents()[at as usize];
                    continue;
                }
                _ => {}
            }
            let node = self.child(at, component).ok_or(Lost::TooMany)?;
            self.traversed[node as usize] = true;
            let Some(target) = self.symlink_target(node) else {
                at = node;
                continue;
            };
            hops += 1;
            if hops > limits::SYMLINK_HOPS || target.len() > limits::SYMLINK_BYTES {
                return Err(Lost::Loop);
            }
            if target.first() == Some(&b'/') {
                at = 0;
            }
            targets.push(target);
        }
    }

    fn symlink_target(&self, node: u32) -> Option<&'a [u8]> {
        let state = self.states.get(node as usize)?;
        if !state.live || !matches!(state.kind, Kind::Symlink | Kind::Hardlink) {
            return None;
        }
        let file = state.file.exists()?;
        let layer: &'a Index = self.layers.get(file.layer as usize)?;
        (layer.kind(file.entry as usize) == Some(Kind::Symlink))
            .then(|| layer.link(file.entry as usize))
    }
}
