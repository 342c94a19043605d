# The libraries of cmake/dependencies.cmake as static archives, for one program that runs on any glibc and any base.
# libcurl, libsolv and simdjson come from scripts/build_static_deps, the rest from Debian's -dev packages.
if(NOT EXISTS ${AIMLOCK_STATIC_DEPS}/.key)
    message(STATUS "Building static libraries in ${AIMLOCK_STATIC_DEPS} (about a minute, once)")
    execute_process(COMMAND ${PROJECT_SOURCE_DIR}/scripts/build_static_deps ${AIMLOCK_STATIC_DEPS}
        COMMAND_ERROR_IS_FATAL ANY)
endif()

add_link_options(-static -s)
set(CMAKE_FIND_LIBRARY_SUFFIXES .a)

# aimlock_static(NAME FILE archive LINKS …): dep::NAME is an archive and what it needs itself, so that CMake can order the
# command line. A FILE with a folder is one of ours, any other word one of Debian's archives.
function(aimlock_static name)
    cmake_parse_arguments(arg "" "FILE" "LINKS" ${ARGN})
    if(arg_FILE MATCHES "/")
        set(archive ${AIMLOCK_STATIC_DEPS}/${arg_FILE})
    else()
        find_library(AIMLOCK_STATIC_${name} ${arg_FILE} REQUIRED)
        set(archive ${AIMLOCK_STATIC_${name}})
    endif()
    add_library(static_${name} STATIC IMPORTED GLOBAL)
    set_target_properties(static_${name} PROPERTIES
        IMPORTED_LOCATION ${archive}
        INTERFACE_INCLUDE_DIRECTORIES ${AIMLOCK_STATIC_DEPS}/include
        INTERFACE_LINK_LIBRARIES "${arg_LINKS}")
    # dep_NAME takes further definitions, as an imported target would not.
    add_library(dep_${name} INTERFACE)
    target_link_libraries(dep_${name} INTERFACE static_${name})
    add_library(dep::${name} ALIAS dep_${name})
endfunction()

aimlock_static(zlib FILE z)
aimlock_static(bz2 FILE bz2)
aimlock_static(zstd FILE zstd)
aimlock_static(deflate FILE deflate)
aimlock_static(lzma FILE lzma)
aimlock_static(lz4 FILE lz4)
aimlock_static(acl FILE acl)
aimlock_static(nettle FILE nettle)
aimlock_static(nghttp2 FILE nghttp2)
aimlock_static(crypto FILE crypto LINKS Threads::Threads ${CMAKE_DL_LIBS})
aimlock_static(ssl FILE ssl LINKS dep::crypto)
aimlock_static(curl FILE lib/libcurl.a LINKS dep::nghttp2 dep::ssl dep::zstd dep::zlib)
aimlock_static(archive FILE archive
    LINKS dep::nettle dep::acl dep::lzma dep::lz4 dep::crypto dep::zstd dep::bz2 dep::zlib)
aimlock_static(simdjson FILE lib/libsimdjson.a)
aimlock_static(yaml FILE yaml-cpp)
aimlock_static(solv FILE lib/libsolv.a LINKS dep::zlib)
