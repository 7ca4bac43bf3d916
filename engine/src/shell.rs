//! An endpoint on Node's own loop. One thread: libuv calls here when the socket has something, when the loop is about to
//! sleep, and when a deadline comes; here we call JavaScript, once a turn, with all that happened.
//!
//! Nothing of the endpoint is borrowed while JavaScript runs, since it calls back; only the gate's questions are asked in
//! the middle of things, and who calls the engine from there is told so.
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ffi::CStr;
use std::os::raw::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::rc::Rc;
use std::time::{Duration, Instant};

use napi::sys;

use crate::endpoint::Endpoint;
use crate::limits;
use crate::receive::Gate;
use crate::uv;

/// Where a test may have the engine panic: one for each way into it.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Entry {
    Socket = 1,
    Prepare = 2,
    Timer = 3,
    Call = 4,
}

/// What belongs to JavaScript.
pub struct Js {
    pub env: sys::napi_env,
    /// `(records: number, failure?: string) => void`
    pub on_turn: sys::napi_ref,
    /// `(question: number, host: string) => boolean`, or null when nobody is asked.
    pub gate: sys::napi_ref,
    /// Whether the gate has an opinion on every stranger's datagram, and not on newcomers alone.
    pub filters: bool,
    /// The arrays that the endpoint's memory is in.
    pub memory: Vec<sys::napi_ref>,
    pub context: sys::napi_async_context,
}

pub struct Shell {
    endpoint: RefCell<Option<Endpoint>>,
    js: Js,
    on: *mut uv::Loop,
    poll: *mut uv::Handle,
    prepare: *mut uv::Handle,
    timer: *mut uv::Handle,
    timer_at: Cell<Option<Instant>>,
    waits_to_write: Cell<bool>,
    keeps_alive: Cell<bool>,
    is_server: bool,
    /// Handles that libuv has not let go of.
    open_handles: Cell<u32>,
    hook: Cell<sys::napi_async_cleanup_hook_handle>,
    panic_in: Cell<u32>,
}

impl Shell {
    /// Starts the handles.
    pub fn start(endpoint: Endpoint, js: Js, is_server: bool) -> Result<Rc<Self>, String> {
        let mut on = null_mut();
        // SAFETY: `env` is the one that calls us, on its thread.
        let status = unsafe { sys::napi_get_uv_event_loop(js.env, &mut on) };
        if status != sys::Status::napi_ok || on.is_null() {
            return Err("this runtime has no libuv loop".into());
        }
        let fd = endpoint.socket().fd();
        let env = js.env;
        let shell = Rc::new(Self {
            endpoint: RefCell::new(Some(endpoint)),
            js,
            on: on.cast(),
            poll: uv::allocate(uv::Kind::Poll),
            prepare: uv::allocate(uv::Kind::Prepare),
            timer: uv::allocate(uv::Kind::Timer),
            timer_at: Cell::new(None),
            waits_to_write: Cell::new(false),
            keeps_alive: Cell::new(true),
            is_server,
            open_handles: Cell::new(0),
            hook: Cell::new(null_mut()),
            panic_in: Cell::new(0),
        });
        // SAFETY: the handles are fresh and of libuv's own size, the loop is this thread's. Each handle holds a count of
        // the shell until libuv has let go of it (`on_closed`), so that it outlives every callback.
        unsafe {
            let failed = uv::uv_poll_init(shell.on, shell.poll, fd);
            if failed != 0 {
                for handle in [shell.poll, shell.prepare, shell.timer] {
                    uv::free(handle);
                }
                return Err(format!("libuv does not take the socket ({failed})"));
            }
            uv::uv_prepare_init(shell.on, shell.prepare);
            uv::uv_timer_init(shell.on, shell.timer);
            for handle in [shell.poll, shell.prepare, shell.timer] {
                uv::uv_handle_set_data(handle, Rc::into_raw(shell.clone()) as *mut c_void);
            }
            shell.open_handles.set(3);
            uv::uv_poll_start(shell.poll, uv::READABLE, on_socket);
            uv::uv_prepare_start(shell.prepare, on_prepare);
            uv::uv_unref(shell.prepare);
            uv::uv_unref(shell.timer);
            let mut hook = null_mut();
            let data = Rc::as_ptr(&shell) as *mut c_void;
            sys::napi_add_async_cleanup_hook(env, Some(on_cleanup), data, &mut hook);
            shell.hook.set(hook);
        }
        shell.keep_alive();
        Ok(shell)
    }

    /// What JavaScript calls. Neutral when the endpoint is closed, when the gate calls back, and when there is a panic,
    /// of which the owner is told.
    pub fn call<T: Default>(&self, run: impl FnOnce(&mut Endpoint) -> T) -> T {
        let done = catch_unwind(AssertUnwindSafe(|| {
            self.maybe_panic(Entry::Call);
            let Ok(mut endpoint) = self.endpoint.try_borrow_mut() else { return T::default() };
            let Some(endpoint) = endpoint.as_mut() else { return T::default() };
            endpoint.apply(); // what was written before comes first
            run(endpoint)
        }));
        done.unwrap_or_else(|cause| {
            self.fail(&*cause);
            T::default()
        })
    }

    /// Test only: the next entry of this kind panics.
    pub fn panic_in(&self, entry: u32) {
        self.panic_in.set(entry);
    }

    fn maybe_panic(&self, entry: Entry) {
        if self.panic_in.get() == entry as u32 {
            panic!("a test asked for it");
        }
    }

    // ---- a turn

    fn on_readable(&self) {
        self.maybe_panic(Entry::Socket);
        self.with(|endpoint| endpoint.receive(&mut JsGate { js: &self.js }));
        self.turn(0);
    }

    fn on_prepare(&self) {
        self.maybe_panic(Entry::Prepare);
        if self.with(|endpoint| endpoint.has_work()) {
            self.turn(0);
        }
    }

    fn on_timer(&self) {
        self.maybe_panic(Entry::Timer);
        self.timer_at.set(None);
        self.with(|endpoint| endpoint.expire(Instant::now()));
        // libuv runs timers for as long as one is due, and looks at nothing else meanwhile.
        self.turn(1);
    }

    /// The kernel says that something is wrong with a destination. libuv has stopped looking at the socket over it.
    fn on_error(&self) {
        self.with(|endpoint| {
            // A port that is closed now may have said so before, in words.
            endpoint.receive(&mut JsGate { js: &self.js });
            endpoint.notice_unreachable();
        });
        self.watch();
        self.turn(0);
    }

    fn turn(&self, least_wait_ms: u64) {
        self.with(|endpoint| endpoint.apply());
        for _ in 0..limits::DELIVERIES {
            let records = self.with(|endpoint| endpoint.collect());
            if records == 0 || !self.tell(records, None) {
                break;
            }
            self.with(|endpoint| endpoint.apply());
        }
        let has_room = self.with(|endpoint| endpoint.transmit(Instant::now()));
        if self.is_open() {
            self.settle(!has_room, least_wait_ms);
        }
    }

    /// Sleeps until the next deadline, or not at all when there is more to do.
    fn settle(&self, waits_to_write: bool, least_wait_ms: u64) {
        if self.waits_to_write.replace(waits_to_write) != waits_to_write {
            self.watch();
        }
        self.keep_alive();
        let now = Instant::now();
        let next =
            self.with(|endpoint| if endpoint.has_work() { Some(now) } else { endpoint.next_deadline() });
        let Some(next) = next else { return };
        if self.timer_at.get().is_some_and(|at| at <= next) {
            return;
        }
        self.timer_at.set(Some(next));
        let wait = next.saturating_duration_since(now);
        // Rounded up, so that the deadline has come when it rings.
        let milliseconds = (wait + Duration::from_nanos(999_999)).as_millis() as u64;
        // SAFETY: the timer is initialised and not closed (`is_open`).
        unsafe {
            uv::uv_update_time(self.on);
            uv::uv_timer_start(self.timer, on_timer, milliseconds.max(least_wait_ms), 0);
        }
    }

    fn watch(&self) {
        if !self.is_open() {
            return;
        }
        let writable = if self.waits_to_write.get() { uv::WRITABLE } else { 0 };
        // SAFETY: the handle is initialised and not closed.
        unsafe { uv::uv_poll_start(self.poll, uv::READABLE | writable, on_socket) };
    }

    /// Who listens keeps the process alive; who dials does so while there are connections.
    pub fn keep_alive(&self) {
        let wanted = self.is_server || self.with(|endpoint| endpoint.live() > 0);
        if !self.is_open() || self.keeps_alive.replace(wanted) == wanted {
            return;
        }
        // SAFETY: the handle is initialised and not closed.
        unsafe { if wanted { uv::uv_ref(self.poll) } else { uv::uv_unref(self.poll) } }
    }

    fn with<T: Default>(&self, run: impl FnOnce(&mut Endpoint) -> T) -> T {
        self.endpoint.borrow_mut().as_mut().map(run).unwrap_or_default()
    }

    fn is_open(&self) -> bool {
        // Borrowed: by who asks the gate, and so open.
        self.endpoint.try_borrow().map_or(true, |endpoint| endpoint.is_some())
    }

    // ---- to JavaScript

    /// False when nobody listens any more.
    fn tell(&self, records: usize, failure: Option<&str>) -> bool {
        let Js { env, on_turn, context, .. } = self.js;
        // SAFETY: called on the environment's thread with nothing borrowed; every value lives in the scope opened here.
        unsafe {
            let mut scope = null_mut();
            if sys::napi_open_handle_scope(env, &mut scope) != sys::Status::napi_ok {
                return false;
            }
            let mut function = null_mut();
            sys::napi_get_reference_value(env, on_turn, &mut function);
            let mut arguments = [null_mut(); 2];
            sys::napi_create_uint32(env, records as u32, &mut arguments[0]);
            match failure {
                Some(text) => {
                    let start = text.as_ptr().cast();
                    sys::napi_create_string_utf8(env, start, text.len() as isize, &mut arguments[1])
                }
                None => sys::napi_get_undefined(env, &mut arguments[1]),
            };
            let mut this = null_mut();
            sys::napi_get_global(env, &mut this);
            let mut result = null_mut();
            let status =
                sys::napi_make_callback(env, context, this, function, 2, arguments.as_ptr(), &mut result);
            if status == sys::Status::napi_pending_exception {
                rethrow(env);
            }
            sys::napi_close_handle_scope(env, scope);
        }
        self.is_open()
    }

    /// A panic: the endpoint closes, its owner is told, the process lives.
    fn fail(&self, cause: &(dyn Any + Send)) {
        let text = cause
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| cause.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        if self.close() {
            self.tell(0, Some(&format!("the engine panicked: {text}")));
            self.release();
        }
    }

    /// Frees the port and lets libuv close the handles. False when that was done before.
    pub fn close(&self) -> bool {
        let Some(endpoint) = self.endpoint.try_borrow_mut().ok().and_then(|mut endpoint| endpoint.take())
        else {
            return false;
        };
        for handle in [self.poll, self.prepare, self.timer] {
            // SAFETY: initialised, and closed only here, once. From here on libuv looks at the socket no more.
            unsafe { uv::uv_close(handle, Some(on_closed)) };
        }
        drop(endpoint);
        true
    }

    /// Sends what there is to send, for the last time.
    pub fn farewell(&self) {
        self.call(|endpoint| {
            endpoint.flush(Instant::now());
        });
    }

    fn handle_closed(&self) {
        self.open_handles.set(self.open_handles.get() - 1);
        if self.open_handles.get() > 0 {
            return;
        }
        let hook = self.hook.replace(null_mut());
        if hook.is_null() {
            return;
        }
        // SAFETY: the hook was added by `start` and is removed only here.
        unsafe { sys::napi_remove_async_cleanup_hook(hook) };
    }

    /// Lets JavaScript's garbage collector have what the endpoint held. Only while the environment lives.
    pub fn release(&self) {
        for &reference in self.js.memory.iter().chain([&self.js.on_turn, &self.js.gate]) {
            if !reference.is_null() {
                // SAFETY: called once, by who closed, on the environment's thread; nothing is told any more.
                unsafe { sys::napi_delete_reference(self.js.env, reference) };
            }
        }
        // SAFETY: as above; the context was made for this endpoint alone.
        unsafe { sys::napi_async_destroy(self.js.env, self.js.context) };
    }
}

/// An exception that nobody catches ends the process, as one from any callback does.
///
/// # Safety
/// There is a pending exception, and a handle scope is open.
unsafe fn rethrow(env: sys::napi_env) {
    // SAFETY: promised by the caller.
    unsafe {
        let mut error = null_mut();
        if sys::napi_get_and_clear_last_exception(env, &mut error) == sys::Status::napi_ok {
            sys::napi_fatal_exception(env, error);
        }
    }
}

struct JsGate<'a> {
    js: &'a Js,
}

impl JsGate<'_> {
    fn ask(&self, question: u32, host: &str) -> bool {
        let &Js { env, gate, .. } = self.js;
        if gate.is_null() {
            return true;
        }
        let mut answer = false;
        // SAFETY: called on the environment's thread; every value lives in the scope opened here.
        unsafe {
            let mut scope = null_mut();
            if sys::napi_open_handle_scope(env, &mut scope) != sys::Status::napi_ok {
                return false;
            }
            let mut function = null_mut();
            sys::napi_get_reference_value(env, gate, &mut function);
            let mut arguments = [null_mut(); 2];
            sys::napi_create_uint32(env, question, &mut arguments[0]);
            let start = host.as_ptr().cast();
            sys::napi_create_string_latin1(env, start, host.len() as isize, &mut arguments[1]);
            let mut this = null_mut();
            sys::napi_get_undefined(env, &mut this);
            let mut result = null_mut();
            match sys::napi_call_function(env, this, function, 2, arguments.as_ptr(), &mut result) {
                sys::Status::napi_ok => {
                    sys::napi_get_value_bool(env, result, &mut answer);
                }
                sys::Status::napi_pending_exception => rethrow(env),
                _ => {}
            }
            sys::napi_close_handle_scope(env, scope);
        }
        answer
    }
}

impl Gate for JsGate<'_> {
    fn admits(&mut self, host: &str) -> bool {
        !self.js.filters || self.ask(0, host)
    }

    fn has_room(&mut self, host: &str) -> bool {
        self.ask(1, host)
    }

    fn enter(&mut self, host: &str) -> bool {
        self.ask(2, host)
    }
}

/// The name of an endpoint in Node's async hooks.
pub const RESOURCE: &CStr = c"levin-engine";

// ---- what libuv and Node call

/// # Safety
/// `handle` is one that `start` initialised, and `on_closed` was not called for it.
unsafe fn enter(handle: *mut uv::Handle, run: impl FnOnce(&Shell)) {
    // SAFETY: the handle's data is the count of the shell that `start` put there; a second count is taken for the call.
    let shell = unsafe {
        let shell = uv::uv_handle_get_data(handle) as *const Shell;
        Rc::increment_strong_count(shell);
        Rc::from_raw(shell)
    };
    if !shell.is_open() {
        return;
    }
    if let Err(cause) = catch_unwind(AssertUnwindSafe(|| run(&shell))) {
        shell.fail(&*cause);
    }
}

unsafe extern "C" fn on_socket(handle: *mut uv::Handle, status: c_int, events: c_int) {
    // SAFETY: libuv calls with a handle of ours that is not closed.
    unsafe {
        enter(handle, |shell| {
            if status < 0 {
                shell.on_error();
            } else if events & uv::READABLE != 0 {
                shell.on_readable();
            } else {
                shell.turn(0);
            }
        })
    }
}

unsafe extern "C" fn on_prepare(handle: *mut uv::Handle) {
    // SAFETY: as above.
    unsafe { enter(handle, Shell::on_prepare) }
}

unsafe extern "C" fn on_timer(handle: *mut uv::Handle) {
    // SAFETY: as above.
    unsafe { enter(handle, Shell::on_timer) }
}

unsafe extern "C" fn on_closed(handle: *mut uv::Handle) {
    // SAFETY: libuv is done with the handle, so its count of the shell and its memory are given back, once.
    unsafe {
        let shell = Rc::from_raw(uv::uv_handle_get_data(handle) as *const Shell);
        uv::free(handle);
        shell.handle_closed();
    }
}

/// The environment ends: a worker is terminated, or the process exits. libuv's handles must be closed before its loop is.
unsafe extern "C" fn on_cleanup(_: sys::napi_async_cleanup_hook_handle, data: *mut c_void) {
    // SAFETY: the hook is removed when the last handle is closed, and until then the handles hold the shell.
    let shell = unsafe { &*(data as *const Shell) };
    let _ = catch_unwind(AssertUnwindSafe(|| shell.close()));
}
