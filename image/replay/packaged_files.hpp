#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/replay/entry_points.hpp"
#include "image/replay/output_file.hpp"
#include "image/replay/prefix_text.hpp"
#include "solver/base/digest.hpp"
#include "solver/base/result.hpp"

namespace aimlock {

/// One file of a package, said so that it is true at every prefix.
struct PackagedFile {
    enum class Kind : std::uint8_t { file, link, second_name } kind = Kind::file;
    /// What its path is relative to: the prefix, site-packages, or the folder of Python's headers.
    enum class Place : std::uint8_t { prefix, site_packages, headers } place = Place::prefix;
    bool executable = false;
    bool is_script = false;  ///< its first line may name the interpreter by `#!python`
    std::string path;
    std::string link;  ///< a link's text
    /// Of a second name: the file that it is one of, counted in the package's list.
    std::uint32_t first_name = 0;
    Sha256 packaged_sha256;
    Sha256 sha256;                 ///< as it lies where it was written
    std::uint64_t size_bytes = 0;  ///< as it lies where it was written
    std::int64_t changed_ns = 0;   ///< its time there; 0: not known
    std::optional<Placeholder> placeholder;

    /// Whether its content depends on the prefix, or may do.
    [[nodiscard]] bool adapts() const { return kind == Kind::file && (placeholder.has_value() || is_script); }
};

/// What a second name has in common with the file that it names.
inline void copy_first_name(const PackagedFile& first, PackagedFile& second) {
    second.packaged_sha256 = first.packaged_sha256;
    second.sha256 = first.sha256;
    second.size_bytes = first.size_bytes;
    second.changed_ns = first.changed_ns;
}

/// A package taken apart.
struct PackagedFiles {
    std::vector<PackagedFile> files;
    std::vector<PackagedFile> folders;  ///< of conda packages that list some; place and path only
    std::vector<EntryPoint> entry_points;
    std::string index_json;  ///< conda: info/index.json
    std::string dist_info;   ///< wheel: its .dist-info folder's name
    bool from_wheel = false;
    bool needs_python = false;
    bool compiles = false;  ///< its Python sources come without byte code
};

/// Takes the files of one package as they are unpacked, on one thread.
class FileSink {
public:
    virtual ~FileSink() = default;
    /// Comes first, once: everything that will come, hashes and sizes not yet known.
    virtual Result<void> expect(const PackagedFiles& package) = 0;
    /// A file whose bytes are the same at every prefix, to be appended and finished by the caller.
    virtual Result<OutputFile> create(std::size_t index, const PackagedFile& file) = 0;
    /// A file that adapts: all its bytes. Sets `sha256` and `size_bytes` to what was written.
    virtual Result<void> write(std::size_t index, PackagedFile& file, std::string_view content) = 0;
    virtual Result<void> link(const PackagedFile& file) = 0;
    virtual Result<void> second_name(const PackagedFile& file, const PackagedFile& first) = 0;
};

}  // namespace aimlock
