// What newer compilers' headers expect of newer libraries, where Node 20 runs with glibc 2.28 and GCC 8's libstdc++.
#include <cstdlib>

#define HIDDEN __attribute__((visibility("hidden")))

/** Asked by shared_ptr whether the process has one thread, so that it may count without atomics: it never has. */
extern "C" {
HIDDEN char __libc_single_threaded = 0;
}

namespace std {
/** Called by containers that are asked for more elements than there are addresses. */
HIDDEN void __throw_bad_array_new_length();
HIDDEN void __throw_bad_array_new_length() { abort(); }
}  // namespace std
