#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "solver/base/digest.hpp"
#include "solver/base/interner.hpp"
#include "solver/base/table.hpp"

namespace aimlock {

/// A run of `Repodata::lists`.
struct TextList {
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
};

enum class Noarch : std::uint8_t { none, generic, python };

/// One package of a channel (CEP 36), texts as ids into its Repodata's interner: some 150 bytes a record. It
/// lies in the cache as it does in memory (fetch/conda/packed_repodata.hpp).
struct CondaRecord {
    TextId file_name;  ///< "numpy-1.26.4-py312heda63a1_0.conda"
    TextId name;
    TextId version;
    TextId build;
    TextList depends;
    TextList constrains;
    TextId track_features;  ///< joined by one blank; empty: none
    TextId license;
    TextId python_site_packages_path;  ///< CEP 17; empty: not stated
    TextList purls;                    ///< package URLs of the distributions inside; empty: not stated
    TextId flags;                      ///< CEP 45, joined by one blank; empty: none
    TextList extra_depends;            ///< CEP 44: group and spec by turns, groups in order
    TextId run_exports;                ///< CEP 12, the JSON as written; empty: not stated
    std::uint64_t build_number = 0;
    std::uint64_t timestamp_ms = 0;  ///< since 1970; 0: the record has none
    std::uint64_t size_bytes = 0;    ///< 0: not stated
    Sha256 sha256;                   ///< not known where the channel states only md5
    Md5 md5;                         ///< not known where it is not stated
    Noarch noarch = Noarch::none;
};

/// Where the records of one name lie.
struct NameRun {
    TextId name;
    std::uint32_t begin = 0;
    std::uint32_t size = 0;
};

/// What a channel says of its place among others (CEP 42): references to channels, relative to its own URL.
struct ChannelRelations {
    std::string base;       ///< the channel that it builds upon, which comes before it; empty: none
    std::string overrides;  ///< the channel that it comes before; empty: none

    friend bool operator==(const ChannelRelations&, const ChannelRelations&) = default;
};

/// Records of one subdir of one channel: all of them, or those of one name where the channel is sharded.
struct Repodata {
    std::string channel;  ///< canonical name: "conda-forge", or the last path component of a path or URL
    std::string subdir;   ///< "linux-64" or "noarch"
    std::string
        base_url;  ///< where `file_name` is found, ends with '/': CEP 15 base_url, else the subdir's own URL
    Interner texts;
    Table<TextId> lists;
    Table<CondaRecord> records;       ///< those of a name together
    Table<NameRun> names;             ///< ascending; what is not in it is not found
    std::vector<std::string> unread;  ///< names that were not read, ascending; for messages
    ChannelRelations relations;
    std::uint32_t wheels_left_out = 0;  ///< records whose package is a wheel: not installed from a channel
    std::shared_ptr<const void> held;   ///< what the tables view, where they do not own their values

    [[nodiscard]] std::span<const TextId> list(TextList run) const {
        const std::span<const TextId> all = lists.all();
        if (run.begin > all.size() || run.size > all.size() - run.begin) return {};
        return all.subspan(run.begin, run.size);
    }
    [[nodiscard]] std::string_view text(TextId id) const { return texts[id]; }
    /// The positions of a name's records.
    [[nodiscard]] NameRun run_of(std::string_view name) const;
    [[nodiscard]] std::span<const CondaRecord> records_named(std::string_view name) const {
        const NameRun run = run_of(name);
        return records.all().subspan(run.begin, run.size);
    }
    /// Brings records of a name together, in the order that they have, and writes `names`. Whoever fills
    /// `records` calls it last.
    void sort_by_name();
};

/// One channel: its arch subdirs and noarch. The order of channels in a request is their priority.
struct Channel {
    std::string name;               ///< canonical name
    std::string url;                ///< without credentials and trailing '/'
    std::vector<Repodata> subdirs;  ///< of a sharded subdir, one for each name that was read
    bool is_head = true;            ///< false: another channel brought it (CEP 42)
    bool is_whole = true;  ///< false: it is sharded, and only names that the request reaches were read
};

}  // namespace aimlock
