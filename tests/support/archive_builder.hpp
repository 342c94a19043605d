#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aimlock::testing {

/// One member of a ZIP, and the lies that it may tell. The defaults tell none.
struct ZipMember {
    std::string name;
    std::string content;
    bool deflated = true;
    std::uint32_t mode = 0100644;
    std::optional<std::string> local_name;  ///< its own header's name
    std::optional<std::uint32_t> local_size;
    std::optional<std::uint32_t> central_size;
    std::optional<std::uint32_t> crc;  ///< in both headers
    bool in_directory = true;          ///< false: a ghost
    enum class Descriptor : std::uint8_t { none, honest, lying } descriptor = Descriptor::none;
    std::string extra;  ///< of both headers
};

/// What stands around the members.
struct ZipFrame {
    std::string before;  ///< the first member; offsets do not count it unless `shift_offsets`
    bool shift_offsets = false;
    std::string between;  ///< members and directory
    std::string after;    ///< the end record
    std::string comment;
    std::optional<std::uint64_t> zip64_count;  ///< adds zip64 end records that state this count
};

std::string zip_of(const std::vector<ZipMember>& members, const ZipFrame& frame = {});
/// A zip64 extra field of these values.
std::string zip64_extra(const std::vector<std::uint64_t>& values);

/// One entry of a tar (ustar).
struct TarMember {
    std::string name;
    std::string content;
    char type = '0';  ///< '0' file, '1' hard link, '2' symlink, '5' folder, '6' FIFO, …
    std::string link = {};
    unsigned mode = 0644;
};

std::string tar_of(const std::vector<TarMember>& members);
std::string zstd_of(std::string_view bytes);
std::string bzip2_of(std::string_view bytes);
std::string gzip_of(std::string_view bytes);

/// A wheel of these files; WHEEL, METADATA and a true RECORD are added unless the files hold one of that
/// name.
std::string wheel_of(const std::string& name,
                     const std::string& version,
                     std::vector<std::pair<std::string, std::string>> files);
/// RECORD's text for these files.
std::string record_of(const std::vector<std::pair<std::string, std::string>>& files,
                      const std::string& dist_info);

/// A conda package. paths.json is made from the members unless `paths_json` is set.
struct CondaBuilder {
    std::string name = "pkg";
    std::string version = "1.0";
    std::string build = "h0_0";
    bool noarch_python = false;
    std::vector<TarMember> files;
    std::vector<std::string> entry_points;
    /// Path, placeholder, whether it is binary.
    std::vector<std::pair<std::string, std::pair<std::string, bool>>> placeholders;
    std::optional<std::string> paths_json;

    [[nodiscard]] std::string conda() const;    ///< the bytes of a `.conda`
    [[nodiscard]] std::string tar_bz2() const;  ///< the bytes of a `.tar.bz2`

private:
    [[nodiscard]] std::vector<TarMember> info() const;
};

}  // namespace aimlock::testing
