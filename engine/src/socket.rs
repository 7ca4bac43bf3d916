//! One UDP socket, read and written in batches.
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};

use quinn_proto::EcnCodepoint;
use quinn_udp::{RecvMeta, UdpSockRef, UdpSocketState};
use socket2::{Domain, Protocol, Type};

use crate::limits;

pub struct Socket {
    socket: UdpSocket,
    state: UdpSocketState,
    local: SocketAddr,
}

/// Memory for one call that reads, and what it brought.
#[derive(Default)]
pub struct Batch {
    bytes: Vec<u8>,
    metas: [RecvMeta; limits::BATCH],
    filled: usize,
}

/// Datagrams of one sender, all of `stride` bytes but for the last.
pub struct Train<'a> {
    pub from: SocketAddr,
    pub to: Option<IpAddr>,
    pub ecn: Option<EcnCodepoint>,
    pub stride: usize,
    pub bytes: &'a [u8],
}

impl Batch {
    pub fn new() -> Self {
        Self { bytes: vec![0; limits::BATCH * limits::TRAIN_BYTES], ..Self::default() }
    }

    pub fn trains(&self) -> impl Iterator<Item = Train<'_>> {
        let slots = self.bytes.chunks_exact(limits::TRAIN_BYTES);
        self.metas.iter().zip(slots).take(self.filled).map(|(meta, slot)| Train {
            from: meta.addr,
            to: meta.dst_ip,
            ecn: meta.ecn.and_then(|ecn| EcnCodepoint::from_bits(ecn as u8)),
            stride: meta.stride.max(1),
            bytes: &slot[..meta.len],
        })
    }

    /// Whether the kernel may have more.
    pub fn is_full(&self) -> bool {
        self.filled == limits::BATCH
    }
}

/// What the kernel heard of a destination (ICMP).
pub struct Unreachable {
    pub to: SocketAddr,
    pub why: io::Error,
}

impl Socket {
    /// `reports_errors`: whether to hear of closed ports, which only who dials has a use for.
    pub fn bind(local: SocketAddr, reports_errors: bool) -> io::Result<Self> {
        let socket = socket2::Socket::new(Domain::for_address(local), Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        if let SocketAddr::V6(v6) = local {
            // `::` takes IPv4 as well, as Node's own sockets do.
            socket.set_only_v6(!v6.ip().is_unspecified())?;
        }
        socket.bind(&local.into())?;
        let socket: UdpSocket = socket.into();
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        if reports_errors {
            state.enable_transport_errors(UdpSockRef::from(&socket))?;
        }
        // More is better, and what the kernel gives will do.
        let _ = state.set_recv_buffer_size(UdpSockRef::from(&socket), limits::SOCKET_BUFFER);
        let _ = state.set_send_buffer_size(UdpSockRef::from(&socket), limits::SOCKET_BUFFER);
        let local = socket.local_addr()?;
        Ok(Self { socket, state, local })
    }

    pub fn local(&self) -> SocketAddr {
        self.local
    }

    pub fn fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// Whether the kernel sends packets of any size whole, so that the path's MTU can be found out.
    pub fn may_fragment(&self) -> bool {
        self.state.may_fragment()
    }

    /// Datagrams that one `send` may carry.
    pub fn segments(&self) -> usize {
        self.state.max_gso_segments().min(limits::SEGMENTS)
    }

    /// Fills the batch with what has arrived, which may be nothing.
    pub fn receive(&self, batch: &mut Batch) {
        let mut slots = batch.bytes.chunks_exact_mut(limits::TRAIN_BYTES);
        let mut buffers: [IoSliceMut<'_>; limits::BATCH] =
            std::array::from_fn(|_| IoSliceMut::new(slots.next().unwrap_or_default()));
        // An error is of an earlier packet of ours (see `unreachable`), or that there is nothing.
        let read = self.state.recv(UdpSockRef::from(&self.socket), &mut buffers, &mut batch.metas);
        batch.filled = read.unwrap_or(0);
    }

    pub fn send(&self, transmit: &quinn_proto::Transmit, bytes: &[u8]) -> io::Result<()> {
        let transmit = quinn_udp::Transmit {
            destination: transmit.destination,
            ecn: transmit.ecn.and_then(|ecn| quinn_udp::EcnCodepoint::from_bits(ecn as u8)),
            contents: &bytes[..transmit.size],
            segment_size: transmit.segment_size,
            src_ip: transmit.src_ip,
        };
        self.state.try_send(UdpSockRef::from(&self.socket), &transmit)
    }

    /// The next destination that turned out not to be there.
    #[cfg(target_os = "linux")]
    pub fn unreachable(&self) -> Option<Unreachable> {
        // quinn-udp tells the host that complained; which port it was about is what we need.
        let mut byte = [0u8; 1];
        let mut data = libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: byte.len() };
        let mut control = [0u64; 64]; // of u64, so that headers are aligned in it
        // SAFETY: a msghdr of zeros is one without anything in it.
        let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
        header.msg_iov = &mut data;
        header.msg_iovlen = 1;
        header.msg_control = control.as_mut_ptr().cast();
        header.msg_controllen = size_of_val(&control) as _;
        // SAFETY: `header` points to memory of the lengths that it gives, all of which outlives the call; the kernel
        // fills the address, and says how long it is.
        let read = unsafe {
            socket2::SockAddr::try_init(|storage, length| {
                header.msg_name = storage.cast();
                header.msg_namelen = *length;
                if libc::recvmsg(self.fd(), &mut header, libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT) < 0 {
                    return Err(io::Error::last_os_error());
                }
                *length = header.msg_namelen;
                Ok(())
            })
        };
        let to = read.ok()?.1.as_socket()?;
        // SAFETY: the kernel filled `control` up to `msg_controllen`, which is what these look at; a message of this type
        // carries a sock_extended_err.
        unsafe {
            let mut next = libc::CMSG_FIRSTHDR(&header);
            while let Some(message) = next.as_ref() {
                if is_error(message) {
                    let error = libc::CMSG_DATA(message).cast::<libc::sock_extended_err>().read_unaligned();
                    return Some(Unreachable {
                        to,
                        why: io::Error::from_raw_os_error(error.ee_errno as i32),
                    });
                }
                next = libc::CMSG_NXTHDR(&header, message);
            }
        }
        None
    }

    #[cfg(not(target_os = "linux"))]
    pub fn unreachable(&self) -> Option<Unreachable> {
        None
    }
}

#[cfg(target_os = "linux")]
fn is_error(message: &libc::cmsghdr) -> bool {
    matches!(
        (message.cmsg_level, message.cmsg_type),
        (libc::IPPROTO_IP, libc::IP_RECVERR) | (libc::IPPROTO_IPV6, libc::IPV6_RECVERR)
    )
}
