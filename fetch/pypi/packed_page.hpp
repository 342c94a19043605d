#pragma once

// How a project page lies in the cache: every wheel and every sdist that it lists, no text twice. It depends
// on nothing but the page, so that all targets, cut-offs and settings share it: a filter is asked once for
// each distinct tag part ("cp312-cp312-manylinux_2_17_x86_64"), of which a page has some dozens where it has
// thousands of wheels.
//
//     PackedPage, u32 text_end[texts], bytes, zeros up to a multiple of 8,
//     u32 version_text[versions] sorted by text, u32 tag_text[tags], zeros up to a multiple of 8,
//     PackedHead[heads], PackedWheel[wheels], PackedSdist[sdists], middles

#include <array>
#include <cstdint>

#include "solver/base/digest.hpp"

namespace aimlock::pypi {

/// Counts and sizes.
struct PackedPage {
    std::uint32_t texts = 0;
    std::uint32_t text_bytes = 0;
    std::uint32_t versions = 0;
    std::uint32_t tags = 0;
    std::uint32_t heads = 0;
    std::uint32_t wheels = 0;
    std::uint32_t middle_bytes = 0;
    std::uint32_t status = 0;  ///< a text
    std::uint32_t sdists = 0;
    std::uint32_t reserved = 0;
};

/// What stands before the tags in a file name: "torch-2.0.1+cu118".
struct PackedHead {
    std::uint32_t text = 0;
    std::uint32_t version = 0;  ///< index into the versions
};

/// One wheel. Its file name is `head-tag.whl`, its URL `prefix middle file_name`.
struct PackedWheel {
    std::int64_t upload_time_ms = 0;
    std::uint64_t size_bytes = 0;
    Sha256 sha256;
    Sha256 core_metadata_sha256;
    std::uint32_t head = 0;
    std::uint32_t tag = 0;
    std::uint32_t requires_python = 0;  ///< texts
    std::uint32_t yanked_reason = 0;
    std::uint32_t prefix = 0;
    std::uint32_t middle_at = 0;
    std::uint32_t middle_size = 0;
    std::uint32_t flags = 0;

    static constexpr std::uint32_t is_yanked = 1;
    static constexpr std::uint32_t announces_metadata = 2;
    static constexpr std::uint32_t url_without_name = 4;  ///< the URL does not end with the file name
};
static_assert(sizeof(PackedWheel) == 112);

/// One source distribution, `.tar.gz` or `.zip`. Its file name is its head and that end; the rest as a
/// wheel's. They lie apart: who builds nothing does not touch them.
struct PackedSdist {
    std::int64_t upload_time_ms = 0;
    std::uint64_t size_bytes = 0;
    Sha256 sha256;
    std::uint32_t head = 0;
    std::uint32_t requires_python = 0;
    std::uint32_t yanked_reason = 0;
    std::uint32_t prefix = 0;
    std::uint32_t middle_at = 0;
    std::uint32_t middle_size = 0;
    std::uint32_t flags = 0;  ///< as of a PackedWheel
    std::uint32_t reserved = 0;

    static constexpr std::uint32_t is_zip = 8;
};
static_assert(sizeof(PackedSdist) == 80);

}  // namespace aimlock::pypi
