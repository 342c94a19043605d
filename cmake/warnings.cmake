# aimlock::warnings is linked PRIVATE by every target of ours: its flags never reach those who include us.
add_library(aimlock_warnings INTERFACE)
add_library(aimlock::warnings ALIAS aimlock_warnings)
target_compile_options(aimlock_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
    -Wold-style-cast -Woverloaded-virtual -Wundef)
if(AIMLOCK_WERROR)
    target_compile_options(aimlock_warnings INTERFACE -Werror)
endif()
