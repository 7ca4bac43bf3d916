//! The few calls of libuv that are needed. Their symbols are in the node binary itself.
use std::os::raw::{c_int, c_uint, c_void};

pub type Loop = c_void;
pub type Handle = c_void;

pub const READABLE: c_int = 1;
pub const WRITABLE: c_int = 2;

/// uv_handle_type (uv.h).
pub enum Kind {
    Poll = 8,
    Prepare = 9,
    Timer = 13,
}

unsafe extern "C" {
    fn uv_handle_size(kind: c_uint) -> usize;
    pub fn uv_poll_init(on: *mut Loop, handle: *mut Handle, fd: c_int) -> c_int;
    pub fn uv_poll_start(
        handle: *mut Handle,
        events: c_int,
        callback: unsafe extern "C" fn(*mut Handle, c_int, c_int),
    ) -> c_int;
    pub fn uv_prepare_init(on: *mut Loop, handle: *mut Handle) -> c_int;
    pub fn uv_prepare_start(handle: *mut Handle, callback: unsafe extern "C" fn(*mut Handle)) -> c_int;
    pub fn uv_timer_init(on: *mut Loop, handle: *mut Handle) -> c_int;
    pub fn uv_timer_start(
        handle: *mut Handle,
        callback: unsafe extern "C" fn(*mut Handle),
        milliseconds: u64,
        repeat: u64,
    ) -> c_int;
    pub fn uv_update_time(on: *mut Loop);
    pub fn uv_close(handle: *mut Handle, callback: Option<unsafe extern "C" fn(*mut Handle)>);
    pub fn uv_ref(handle: *mut Handle);
    pub fn uv_unref(handle: *mut Handle);
    pub fn uv_handle_set_data(handle: *mut Handle, data: *mut c_void);
    pub fn uv_handle_get_data(handle: *const Handle) -> *mut c_void;
}

/// Memory for a handle, of the size that this libuv needs. It is given back with `free`.
pub fn allocate(kind: Kind) -> *mut Handle {
    // SAFETY: the size is libuv's own; a handle is initialised before it is used.
    unsafe { libc::calloc(1, uv_handle_size(kind as c_uint)) }
}

/// # Safety
/// `handle` came from `allocate`, and libuv has called back that it is closed, or never saw it.
pub unsafe fn free(handle: *mut Handle) {
    // SAFETY: promised by the caller.
    unsafe { libc::free(handle) }
}
