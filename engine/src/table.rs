//! The connections of an endpoint: by quinn's handle, by address, and by what is to be done with them in this turn.
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use crate::connection::{Connection, handle_of};

#[derive(Default)]
pub struct Table {
    slots: Vec<Option<Box<Connection>>>,
    /// Whose events are to be told, and who may have something to send: the one that waited longest first.
    to_collect: VecDeque<usize>,
    to_send: VecDeque<usize>,
    /// How many there are from each address: who has one is no stranger.
    known: HashMap<SocketAddr, usize>,
    live: usize,
}

impl Table {
    pub fn live(&self) -> usize {
        self.live
    }

    pub fn knows(&self, address: &SocketAddr) -> bool {
        self.known.contains_key(address)
    }

    pub fn add(&mut self, connection: Connection) {
        let handle = handle_of(connection.id);
        if self.slots.len() <= handle {
            self.slots.resize_with(handle + 1, || None);
        }
        *self.known.entry(connection.remote).or_default() += 1;
        self.slots[handle] = Some(Box::new(connection));
        self.live += 1;
    }

    pub fn remove(&mut self, handle: usize) -> Option<Box<Connection>> {
        let connection = self.slots.get_mut(handle)?.take()?;
        self.live -= 1;
        if let Some(count) = self.known.get_mut(&connection.remote) {
            *count -= 1;
            if *count == 0 {
                self.known.remove(&connection.remote);
            }
        }
        Some(connection)
    }

    pub fn at(&mut self, handle: usize) -> Option<&mut Connection> {
        self.slots.get_mut(handle)?.as_deref_mut()
    }

    /// The connection that its owner means, unless its handle is another's by now.
    pub fn find(&mut self, id: u64) -> Option<&mut Connection> {
        self.at(handle_of(id)).filter(|connection| connection.id == id)
    }

    /// The same, and it is looked at and sends before the loop sleeps.
    pub fn touch(&mut self, id: u64) -> Option<&mut Connection> {
        self.find(id)?;
        self.mark(handle_of(id));
        self.at(handle_of(id))
    }

    /// Something happened to it: its events are told and its packets sent before the loop sleeps.
    pub fn mark(&mut self, handle: usize) {
        self.mark_to_collect(handle);
        self.mark_to_send(handle);
    }

    pub fn mark_to_collect(&mut self, handle: usize) {
        let Some(Some(connection)) = self.slots.get_mut(handle) else { return };
        if !std::mem::replace(&mut connection.is_to_collect, true) {
            self.to_collect.push_back(handle);
        }
    }

    pub fn mark_to_send(&mut self, handle: usize) {
        let Some(Some(connection)) = self.slots.get_mut(handle) else { return };
        if !std::mem::replace(&mut connection.is_to_send, true) {
            self.to_send.push_back(handle);
        }
    }

    pub fn next_to_collect(&mut self) -> Option<usize> {
        loop {
            let handle = self.to_collect.pop_front()?;
            // Its handle may be another's by now, which then waits by itself.
            let Some(connection) = self.at(handle) else { continue };
            if std::mem::replace(&mut connection.is_to_collect, false) {
                return Some(handle);
            }
        }
    }

    pub fn next_to_send(&mut self) -> Option<usize> {
        loop {
            let handle = self.to_send.pop_front()?;
            let Some(connection) = self.at(handle) else { continue };
            if std::mem::replace(&mut connection.is_to_send, false) {
                return Some(handle);
            }
        }
    }

    pub fn is_to_collect(&self) -> bool {
        !self.to_collect.is_empty()
    }

    /// Connections that may have something to send, some of them perhaps twice.
    pub fn to_send(&self) -> usize {
        self.to_send.len()
    }

    /// Marks those of an address, and lets `each` do something with them.
    pub fn each_at(&mut self, address: SocketAddr, mut each: impl FnMut(&mut Connection)) {
        if !self.knows(&address) {
            return;
        }
        for handle in 0..self.slots.len() {
            if self.at(handle).is_some_and(|connection| connection.remote == address) {
                self.mark(handle);
                self.at(handle).into_iter().for_each(&mut each);
            }
        }
    }
}
