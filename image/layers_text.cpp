#include <charconv>

#include <fmt/format.h>

#include "image/layers.hpp"

namespace aimlock {
namespace {

constexpr std::string_view head =
    "# Written by aimlock image: which package lies in which layer. Keep it beside aimlock.lock.\n"
    "aimlock-layers 1\n";

std::string_view kind_name(PackageKind kind) {
    return kind == PackageKind::conda ? "conda" : "pypi";
}

/// Walks over the lines of aimlock.layers, each split at single spaces.
class PlanReader {
public:
    PlanReader(std::string_view text, const std::string& file) : text_(text), file_(file) {}

    Result<LayerPlan> read() {
        LayerPlan plan;
        if (!next() || words_.size() != 2 || words_[0] != "aimlock-layers")
            return refuse("expected `aimlock-layers 1`");
        if (words_[1] != "1") return refuse("this plan was written by a newer aimlock");
        if (!next() || words_.size() != 2 || words_[0] != "target") return refuse("expected `target NAME`");
        plan.target = words_[1];
        if (!next() || words_.size() != 2 || words_[0] != "budget" || !number(words_[1], plan.budget)) {
            return refuse("expected `budget NUMBER`");
        }
        while (next()) {
            if (words_[0] == "layer" && words_.size() == 2) {
                if (plan.layer(words_[1]) != nullptr) return refuse("the same layer twice");
                plan.layers.push_back({std::string(words_[1]), {}});
            } else if (auto package = read_package(); package && !plan.layers.empty()) {
                plan.layers.back().packages.push_back(std::move(*package));
            } else {
                return refuse("expected `layer ID` or `conda|pypi NAME VERSION SIZE SHA256`");
            }
        }
        return plan;
    }

private:
    /// Goes to the next line that says something.
    bool next() {
        while (!text_.empty()) {
            const std::size_t end = text_.find('\n');
            const std::string_view line = text_.substr(0, end);
            text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
            ++line_;
            split(line);
            if (!words_.empty() && !words_[0].starts_with('#')) return true;
        }
        words_.clear();
        return false;
    }

    void split(std::string_view line) {
        words_.clear();
        while (!line.empty()) {
            const std::size_t end = line.find(' ');
            if (end != 0) words_.push_back(line.substr(0, end));
            line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
        }
    }

    [[nodiscard]] std::optional<LayerPackage> read_package() const {
        if (words_.size() != 5 || (words_[0] != "conda" && words_[0] != "pypi")) return std::nullopt;
        LayerPackage package;
        package.kind = words_[0] == "conda" ? PackageKind::conda : PackageKind::pypi;
        package.name = words_[1];
        package.version = words_[2];
        const auto sha256 = Sha256::from_hex(words_[4]);
        if (!number(words_[3], package.size_bytes) || !sha256) return std::nullopt;
        package.sha256 = *sha256;
        return package;
    }

    template <class Number>
    static bool number(std::string_view text, Number& value) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        return error == std::errc{} && end == text.data() + text.size();
    }

    [[nodiscard]] tl::unexpected<Error> refuse(std::string message) const {
        return fail_at(ErrorCode::lock, std::move(message), SourcePos{file_, line_, 1},
                       "delete the file; `aimlock image` writes a new plan");
    }

    std::string_view text_;
    const std::string& file_;
    std::uint32_t line_ = 0;
    std::vector<std::string_view> words_;
};

}  // namespace

std::string write_layer_plan(const LayerPlan& plan) {
    std::string text(head);
    text += fmt::format("target {}\nbudget {}\n", plan.target, plan.budget);
    for (const Layer& layer : plan.layers) {
        text += fmt::format("\nlayer {}\n", layer.id);
        for (const LayerPackage& package : layer.packages) {
            text += fmt::format("  {} {} {} {} {}\n", kind_name(package.kind), package.name, package.version,
                                package.size_bytes, package.sha256.hex());
        }
    }
    return text;
}

Result<LayerPlan> read_layer_plan(std::string_view text, const std::string& file) {
    return PlanReader(text, file).read();
}

}  // namespace aimlock
