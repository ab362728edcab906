//! Tests of the pool: which blocks a thread keeps and hands out again.

use std::sync::mpsc;
use std::thread;

use super::*;
use crate::storage::Buffer;

/// `give`, of a block that a test took and does not use any more.
fn give_back(block: Block) {
    // SAFETY: tests give back what they took, once, and write nothing to tags.
    unsafe { give(block) };
}

#[test]
fn a_class_holds_what_it_is_asked_for_and_wastes_at_most_an_eighth() {
    for bytes in (1..5000).chain([1 << 20, (1 << 20) + 1, 3_211_264, usize::MAX >> 20]) {
        let class = class_of(bytes);
        assert!(size_of_class(class) >= bytes, "{bytes}");
        assert!(
            bytes <= ALIGN || size_of_class(class - 1) < bytes,
            "{bytes}"
        );
        assert!(
            bytes < SMALL || size_of_class(class) - bytes <= bytes / 8,
            "{bytes}"
        );
    }
}

#[test]
#[cfg_attr(gradlet_unpooled, ignore = "nothing is recycled")]
fn a_freed_block_serves_the_next_call_and_is_initialised() {
    trim();
    let block = take(5000).unwrap();
    assert_eq!(block.as_ptr() as usize % ALIGN, 0);
    let elements = block.as_ptr().wrapping_byte_add(ALIGN).cast::<u8>();
    // SAFETY: behind the header, the block has that many initialised bytes, which are used nowhere else.
    let bytes = unsafe { std::slice::from_raw_parts_mut(elements, 5000 - ALIGN) };
    assert!(bytes.iter().all(|&byte| byte == 0));
    bytes.fill(7);
    let fresh = system_requests();
    give_back(block);
    assert_eq!(pooled_bytes(), size_of_class(class_of(5000)));
    let again = take(4990).unwrap();
    assert_eq!((again, system_requests()), (block, fresh));
    give_back(again);
    trim();
    assert_eq!(pooled_bytes(), 0);
}

#[test]
#[cfg_attr(gradlet_unpooled, ignore = "nothing is recycled")]
fn memory_of_handles_never_serves_elements() {
    trim();
    let handle = take_handle(128).unwrap();
    give_back(handle);
    let elements = take(128).unwrap();
    assert_ne!(elements, handle);
    let again = take_handle(128).unwrap();
    assert_eq!(again, handle, "the test must see recycled memory");
    [elements, again].into_iter().for_each(give_back);
    trim();
}

#[test]
fn the_pool_keeps_no_more_than_its_limit() {
    set_limit(10_000);
    let blocks: Vec<_> = (0..10).map(|_| take(3000).unwrap()).collect();
    blocks.into_iter().for_each(give_back);
    assert!(pooled_bytes() <= 10_000 && pooled_bytes() > 6000);
    set_limit(DEFAULT_LIMIT);
}

const MIB: usize = 1 << 20;

fn mebibyte() -> Buffer<u8> {
    Buffer::stale(MIB - ALIGN).unwrap()
}

#[test]
fn a_thread_that_only_frees_keeps_nothing() {
    let blocks: Vec<_> = (0..20).map(|_| mebibyte()).collect();
    let freeing = thread::spawn(move || {
        drop(blocks);
        pooled_bytes()
    });
    assert_eq!(freeing.join().unwrap(), 0);
}

#[test]
#[cfg_attr(gradlet_unpooled, ignore = "nothing is recycled")]
fn a_trainer_keeps_what_it_needs_itself_of_a_loaders_batches() {
    let (sender, batches) = mpsc::sync_channel(2);
    let trainer = thread::spawn(move || {
        for batch in batches {
            let work = [mebibyte(), mebibyte(), mebibyte()];
            drop((batch, work));
        }
        (pooled_bytes(), system_requests())
    });
    for _ in 0..30 {
        sender.send(mebibyte()).unwrap();
    }
    drop(sender);
    assert_eq!(trainer.join().unwrap(), (3 * MIB, 3));
}

#[test]
#[cfg_attr(gradlet_unpooled, ignore = "nothing is recycled")]
fn a_thread_keeps_all_of_its_own_blocks_in_any_order() {
    let counts = thread::spawn(|| {
        let sizes = [3000, 64, 5000, 3000, 100_000, 64, 3100, 700];
        let step = |by: usize| {
            let mut held: Vec<_> = sizes.iter().map(|&size| take(size).unwrap()).collect();
            held.rotate_left(by);
            held.into_iter().for_each(give_back);
        };
        step(0);
        let before = system_requests();
        (1..8).for_each(step);
        system_requests() - before
    });
    assert_eq!(counts.join().unwrap(), 0);
}

/// Address space, since memory that nobody wrote to does not count as in use.
#[test]
#[cfg(target_os = "linux")]
fn a_thread_that_ends_gives_its_blocks_back_to_the_system() {
    let in_use = || -> usize {
        let sizes = std::fs::read_to_string("/proc/self/statm").unwrap();
        sizes.split(' ').next().unwrap().parse::<usize>().unwrap() * 4096
    };
    let before = in_use();
    for _ in 0..1000 {
        let run = || give_back(take(8 * MIB).unwrap());
        thread::spawn(run).join().unwrap();
    }
    // Other tests run meanwhile. The blocks of all threads are 8 GiB.
    assert!(in_use() < before + 4096 * MIB);
}

#[test]
fn impossible_sizes_are_refused() {
    assert!(take(usize::MAX).is_none());
    assert!(take(1 << 47).is_none());
}
