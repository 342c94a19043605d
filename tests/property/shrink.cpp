// Makes a failing world small enough to be read: takes parts away as long as the mismatch stays.
#include <functional>

#include "tests/property/verdict.hpp"

namespace aimlock::testing {
namespace {

class Shrinker {
public:
    Shrinker(World world, const std::string& mismatch)
        : world_(std::move(world)), kind_(mismatch.substr(0, mismatch.find(':'))) {}

    World run() {
        for (bool smaller = true; smaller;) {
            smaller = false;
            smaller = options() || smaller;
            smaller = elements([](World & w) -> auto& { return w.pypi; }) || smaller;
            smaller = elements([](World & w) -> auto& { return w.conda; }) || smaller;
            smaller = elements([](World & w) -> auto& { return w.conda_constraints; }) || smaller;
            smaller = elements([](World & w) -> auto& { return w.pypi_constraints; }) || smaller;
            smaller = elements([](World & w) -> auto& { return w.preferred; }) || smaller;
            smaller = elements([](World & w) -> auto& { return w.raised; }) || smaller;
            smaller = elements([](World & w) -> auto& { return w.records; }) || smaller;
            smaller = elements([](World & w) -> auto& { return w.releases; }) || smaller;
            smaller = names() || smaller;
            for (std::size_t i = 0; i < world_.records.size(); ++i) smaller = record(i) || smaller;
            for (std::size_t i = 0; i < world_.releases.size(); ++i) smaller = release(i) || smaller;
            for (std::size_t i = 0; i < world_.pypi.size(); ++i)
                smaller = need([i](World & w) -> auto& { return w.pypi[i]; }) || smaller;
            for (std::size_t i = 0; i < world_.conda.size(); ++i)
                smaller = conda_need([i](World & w) -> auto& { return w.conda[i]; }) || smaller;
        }
        return world_;
    }

private:
    bool keep(World smaller) {
        const std::string mismatch = judge(smaller).mismatch;
        if (mismatch.substr(0, mismatch.find(':')) != kind_) return false;
        world_ = std::move(smaller);
        return true;
    }

    // Tries the world without each element of a list.
    template <class Part>
    bool elements(Part part) {
        bool smaller = false;
        for (std::size_t i = part(world_).size(); i-- > 0;) {
            World fewer = world_;
            auto& list = part(fewer);
            list.erase(list.begin() + static_cast<std::ptrdiff_t>(i));
            smaller = keep(std::move(fewer)) || smaller;
        }
        return smaller;
    }

    // Tries the world with a field as `plain` has it.
    template <class Part, class Value>
    bool plainer(Part part, const Value& plain) {
        World edited = world_;
        auto& field = part(edited);
        if (same(field, plain)) return false;
        field = plain;
        return keep(std::move(edited));
    }
    template <class T>
    static bool same(const T& a, const T& b) {
        if constexpr (requires { a == b; }) return a == b;
        return false;
    }

    bool options() {
        bool smaller = plainer(
            [](World & w) -> auto& { return w.channels; }, 1);
        smaller = plainer(
                      [](World & w) -> auto& { return w.cuda; }, 0) ||
                  smaller;
        smaller = plainer(
                      [](World & w) -> auto& { return w.cutoff; }, 0) ||
                  smaller;
        smaller = plainer(
                      [](World & w) -> auto& { return w.cuda_mixed; }, false) ||
                  smaller;
        const SolveOptions plain;
        smaller = plainer(
                      [](World & w) -> auto& { return w.options.window; }, plain.window) ||
                  smaller;
        smaller = plainer(
                      [](World & w) -> auto& { return w.options.prerelease; }, plain.prerelease) ||
                  smaller;
        smaller = plainer(
                      [](World & w) -> auto& { return w.options.resolution; }, plain.resolution) ||
                  smaller;
        return plainer(
                   [](World & w) -> auto& { return w.options.channel_priority; }, plain.channel_priority) ||
               smaller;
    }

    bool names() {
        bool smaller = false;
        const auto before = world_.name_map;
        for (const auto& [name, carried] : before) {
            World edited = world_;
            edited.name_map[name].clear();
            if (!carried.empty()) smaller = keep(std::move(edited)) || smaller;
            for (std::size_t i = 0; carried.size() > 1 && i < carried.size(); ++i) {
                World fewer = world_;
                fewer.name_map[name] = {carried[i]};
                if (world_.name_map[name].size() > 1) smaller = keep(std::move(fewer)) || smaller;
            }
        }
        return smaller;
    }

    template <class Part>
    bool need(Part part) {
        bool smaller = elements([&](World & w) -> auto& { return part(w).extras; });
        smaller = elements([&](World & w) -> auto& { return part(w).bounds; }) || smaller;
        return elements([&](World & w) -> auto& { return part(w).marker.conditions; }) || smaller;
    }
    template <class Part>
    bool conda_need(Part part) {
        bool smaller = elements([&](World & w) -> auto& { return part(w).bounds; });
        smaller = plainer(
                      [&](World & w) -> auto& { return part(w).channel; }, std::string()) ||
                  smaller;
        return plainer(
                   [&](World & w) -> auto& { return part(w).build_end; }, std::string()) ||
               smaller;
    }

    bool record(std::size_t i) {
        bool smaller = elements([i](World & w) -> auto& { return w.records[i].depends; });
        smaller = elements([i](World & w) -> auto& { return w.records[i].constrains; }) || smaller;
        smaller = plainer(
                      [i](World & w) -> auto& { return w.records[i].tracks; }, false) ||
                  smaller;
        smaller = plainer(
                      [i](World & w) -> auto& { return w.records[i].channel; }, 0) ||
                  smaller;
        smaller = plainer(
                      [i](World & w) -> auto& { return w.records[i].day; }, 1) ||
                  smaller;
        smaller = plainer(
                      [i](World & w) -> auto& { return w.records[i].subdir; }, std::string("linux-64")) ||
                  smaller;
        smaller = plainer(
                      [i](World & w) -> auto& { return w.records[i].version.odd; }, false) ||
                  smaller;
        smaller = plainer(
                      [i](World & w) -> auto& { return w.records[i].version.prerelease; }, false) ||
                  smaller;
        if (world_.records[i].purls) {
            World edited = world_;
            edited.records[i].purls.reset();
            smaller = keep(std::move(edited)) || smaller;
        }
        for (std::size_t n = 0; n < world_.records[i].depends.size(); ++n)
            smaller = conda_need([ i, n ](World & w) -> auto& { return w.records[i].depends[n]; }) || smaller;
        for (std::size_t n = 0; n < world_.records[i].constrains.size(); ++n)
            smaller =
                conda_need([ i, n ](World & w) -> auto& { return w.records[i].constrains[n]; }) || smaller;
        return smaller;
    }

    bool release(std::size_t i) {
        bool smaller = elements([i](World & w) -> auto& { return w.releases[i].needs; });
        smaller = elements([i](World & w) -> auto& { return w.releases[i].extras; }) || smaller;
        smaller = elements([i](World & w) -> auto& { return w.releases[i].more_of_others; }) || smaller;
        smaller = plainer(
                      [i](World & w) -> auto& { return w.releases[i].yanked; }, false) ||
                  smaller;
        smaller = plainer(
                      [i](World & w) -> auto& { return w.releases[i].broken; }, false) ||
                  smaller;
        smaller = plainer(
                      [i](World & w) -> auto& { return w.releases[i].page_states_python; }, true) ||
                  smaller;
        smaller = plainer(
                      [i](World & w) -> auto& { return w.releases[i].day; }, 1) ||
                  smaller;
        smaller = plainer(
                      [i](World & w) -> auto& { return w.releases[i].version.cuda; }, 0) ||
                  smaller;
        smaller = plainer(
                      [i](World & w) -> auto& { return w.releases[i].version.prerelease; }, false) ||
                  smaller;
        if (world_.releases[i].python) {
            World edited = world_;
            edited.releases[i].python.reset();
            smaller = keep(std::move(edited)) || smaller;
        }
        const auto& tags = world_.releases[i].tags;
        if (tags.size() != 1 || tags[0].kind != PlainTag::Kind::any) {
            World edited = world_;
            edited.releases[i].tags = {PlainTag{}};
            smaller = keep(std::move(edited)) || smaller;
        }
        if (world_.releases[i].tags.size() > 1)
            smaller = elements([i](World & w) -> auto& { return w.releases[i].tags; }) || smaller;
        for (std::size_t n = 0; n < world_.releases[i].needs.size(); ++n)
            smaller = need([ i, n ](World & w) -> auto& { return w.releases[i].needs[n]; }) || smaller;
        return smaller;
    }

    World world_;
    std::string kind_;
};

}  // namespace

World shrunk(World world, const std::string& mismatch) {
    return Shrinker(std::move(world), mismatch).run();
}

}  // namespace aimlock::testing
