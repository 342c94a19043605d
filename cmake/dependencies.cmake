# Every third-party library under one name, dynamic or static. The names are dep::<library>.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# A header-only or compiled library that pkg-config knows, as dep::NAME.
function(aimlock_pkg name module)
    pkg_check_modules(${name} REQUIRED IMPORTED_TARGET GLOBAL ${module})
    add_library(dep::${name} ALIAS PkgConfig::${name})
endfunction()

find_path(AIMLOCK_TL_EXPECTED_DIR tl/expected.hpp REQUIRED)
find_path(AIMLOCK_TOMLPP_DIR toml++/toml.h REQUIRED)
find_path(AIMLOCK_FMT_DIR fmt/core.h REQUIRED)
find_path(AIMLOCK_JSON_DIR nlohmann/json.hpp REQUIRED)

if(AIMLOCK_STATIC)
    include(cmake/static_dependencies.cmake)
else()
    aimlock_pkg(curl libcurl)
    aimlock_pkg(archive libarchive)
    aimlock_pkg(simdjson simdjson)
    aimlock_pkg(deflate libdeflate)
    aimlock_pkg(zstd libzstd)
    aimlock_pkg(crypto libcrypto)
    aimlock_pkg(zlib zlib)
    aimlock_pkg(yaml yaml-cpp)
    find_library(AIMLOCK_BZ2 bz2 REQUIRED)
    add_library(dep_bz2 INTERFACE)
    target_link_libraries(dep_bz2 INTERFACE ${AIMLOCK_BZ2})
    add_library(dep::bz2 ALIAS dep_bz2)
    find_library(AIMLOCK_SOLV solv REQUIRED)
    add_library(dep_solv INTERFACE)
    target_link_libraries(dep_solv INTERFACE ${AIMLOCK_SOLV})
    add_library(dep::solv ALIAS dep_solv)
endif()

# libsolv's struct field `requires` is a keyword of C++20; this is the library's own way out.
target_compile_definitions(dep_solv INTERFACE LIBSOLV_SOLVABLE_PREPEND_DEP)

# fmt is used header-only: Debian has no static library of it.
add_library(dep_fmt INTERFACE)
target_compile_definitions(dep_fmt INTERFACE FMT_HEADER_ONLY=1)
add_library(dep::fmt ALIAS dep_fmt)
