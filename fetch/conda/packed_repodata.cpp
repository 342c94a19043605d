#include "fetch/conda/packed_repodata.hpp"

#include <algorithm>
#include <bit>

#include "fetch/packing.hpp"

namespace aimlock {
namespace {

//     PackedCounts, base URL, relations, warnings, zeros up to a multiple of 8,
//     CondaRecord[records], NameRun[names], u32 lists[], u32 text_end[texts], u32 slots[], bytes of texts
struct PackedCounts {
    std::uint32_t records = 0;
    std::uint32_t lists = 0;
    std::uint32_t texts = 0;
    std::uint32_t slots = 0;
    std::uint64_t text_bytes = 0;
    std::uint32_t warnings = 0;
    std::uint32_t names = 0;
    std::uint32_t wheels_left_out = 0;
    std::uint32_t unused = 0;
};

std::vector<std::uint32_t> slots_of(const Interner& texts) {
    std::vector<std::uint32_t> slots(std::bit_ceil(texts.size() * 2), PackedTexts::no_text);
    const std::size_t mask = slots.size() - 1;
    for (std::uint32_t id = 0; id < texts.size(); ++id) {
        std::size_t at = stable_hash(texts[TextId{id}]) & mask;
        while (slots[at] != PackedTexts::no_text) at = (at + 1) & mask;
        slots[at] = id;
    }
    return slots;
}

/// Whether every id lies in its table: whoever reads the records indexes tables of their own by them.
bool ids_are_known(const PackedCounts& counts,
                   std::span<const CondaRecord> records,
                   std::span<const NameRun> names,
                   std::span<const TextId> lists) {
    std::uint32_t largest = 0;
    for (const NameRun& run : names) largest = std::max(largest, run.name.index);
    for (const TextId id : lists) largest = std::max(largest, id.index);
    for (const CondaRecord& record : records) {
        for (const TextId id :
             {record.file_name, record.name, record.version, record.build, record.track_features,
              record.license, record.python_site_packages_path, record.flags, record.run_exports}) {
            largest = std::max(largest, id.index);
        }
    }
    return largest < counts.texts;
}

}  // namespace

std::string packed_repodata_form() {
    constexpr unsigned version = 5;
    return "repodata " + std::to_string(version) + "/" + std::to_string(sizeof(CondaRecord));
}

std::string pack_repodata(Repodata repodata, const std::vector<std::string>& warnings) {
    const std::vector<std::uint32_t> slots = slots_of(repodata.texts);
    std::vector<std::uint32_t> ends;
    ends.reserve(repodata.texts.size());
    std::uint32_t end = 0;
    for (std::uint32_t id = 0; id < repodata.texts.size(); ++id) {
        end += static_cast<std::uint32_t>(repodata.texts[TextId{id}].size());
        ends.push_back(end);
    }
    PackedCounts counts;
    counts.records = static_cast<std::uint32_t>(repodata.records.size());
    counts.lists = static_cast<std::uint32_t>(repodata.lists.size());
    counts.texts = static_cast<std::uint32_t>(ends.size());
    counts.slots = static_cast<std::uint32_t>(slots.size());
    counts.text_bytes = end;
    counts.warnings = static_cast<std::uint32_t>(warnings.size());
    counts.names = static_cast<std::uint32_t>(repodata.names.size());
    counts.wheels_left_out = repodata.wheels_left_out;
    Packer packer;
    packer.reserve(sizeof counts + repodata.records.size() * sizeof(CondaRecord) +
                   repodata.names.size() * sizeof(NameRun) +
                   (repodata.lists.size() + ends.size() + slots.size()) * sizeof(std::uint32_t) + end + 4096);
    packer.value(counts);
    for (const std::string* text :
         {&repodata.base_url, &repodata.relations.base, &repodata.relations.overrides})
        packer.text(*text);
    for (const std::string& warning : warnings) packer.text(warning);
    packer.align(8);
    packer.array(repodata.records.all().data(), repodata.records.size());
    repodata.records = {};  // of a million records, 160 MB that need not be there twice
    packer.array(repodata.names.all().data(), repodata.names.size());
    packer.array(repodata.lists.all().data(), repodata.lists.size());
    packer.array(ends.data(), ends.size());
    packer.array(slots.data(), slots.size());
    for (std::uint32_t id = 0; id < counts.texts; ++id) {
        const std::string_view text = repodata.texts[TextId{id}];
        packer.array(text.data(), text.size());
    }
    return packer.take();
}

std::optional<Repodata> open_packed_repodata(std::string_view packed,
                                             std::shared_ptr<const void> held,
                                             const RepodataOrigin& origin,
                                             Log& log) {
    Unpacker in(packed);
    const auto counts = in.value<PackedCounts>();
    Repodata repodata;
    repodata.channel = origin.channel;
    repodata.subdir = origin.subdir;
    repodata.wheels_left_out = counts.wheels_left_out;
    for (std::string* text : {&repodata.base_url, &repodata.relations.base, &repodata.relations.overrides})
        *text = in.text();
    std::vector<std::string_view> warnings;
    for (std::uint32_t i = 0; i < counts.warnings && in.good(); ++i) warnings.push_back(in.text());
    in.align(8);
    const auto* records = in.array<CondaRecord>(counts.records);
    const auto* names = in.array<NameRun>(counts.names);
    const auto* lists = in.array<TextId>(counts.lists);
    const auto* ends = in.array<std::uint32_t>(counts.texts);
    const auto* slots = in.array<std::uint32_t>(counts.slots);
    const std::string_view bytes = in.take(counts.text_bytes);
    if (!in.finished() || counts.texts == 0 || ends[0] != 0 || !std::has_single_bit(counts.slots) ||
        !ids_are_known(counts, {records, counts.records}, {names, counts.names}, {lists, counts.lists})) {
        return std::nullopt;
    }
    repodata.texts = Interner(PackedTexts{{ends, counts.texts}, bytes, {slots, counts.slots}});
    repodata.lists = Table<TextId>(std::span(lists, counts.lists));
    repodata.records = Table<CondaRecord>(std::span(records, counts.records));
    repodata.names = Table<NameRun>(std::span(names, counts.names));
    repodata.held = std::move(held);
    for (const std::string_view warning : warnings) log.write(LogLevel::warning, warning);
    return repodata;
}

}  // namespace aimlock
