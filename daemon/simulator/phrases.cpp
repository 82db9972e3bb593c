#include "daemon/simulator/phrases.hpp"

#include <cstddef>

namespace deskpulse::simulator {
namespace {

constexpr Question kQuestions[] = {
    {"这款什么时候能发货呀", "发货时间"}, {"优惠券怎么用不了呢", "优惠券"},
    {"我的快递到哪里了啊", "物流"},       {"现在下单几天能到", "发货时间"},
    {"满三百减五十怎么凑", "优惠券"},     {"这件有没有大一码的", "尺码"},
    {"能不能帮我改下地址", "修改地址"},   {"付完定金忘付尾款了", "预售"},
    {"赠品是不是一起发的", "赠品"},       {"买贵了可以退差价吗", "价保"},
    {"颜色和图片一样吗亲", "商品咨询"},   {"想问下支持七天无理由吗", "退换货"},
    {"刚拍下能取消重新拍吗", ""},         {"开发票要填什么信息", "发票"},
    {"身高一六五穿什么码", "尺码"},       {"收到的东西少了一件", "售后"},
    {"退款申请了什么时候到账", "退款"},   {"预售的什么时候付尾款", "预售"},
    {"两件可以再便宜点吗", "优惠券"},     {"客服在不在呀急急急", ""},
    {"我看直播间的价格不一样", "价保"},   {"怎么一直没有人回我", ""},
    {"能保价到双十一结束吗", "价保"},     {"敏感肌可以用这款吗", "商品咨询"},
    {"包装坏了可以换一个吗", "售后"},     {"和上次买的是同一批吗", "商品咨询"},
    {"已经付款了麻烦早点发", "发货时间"}, {"那我再看看等会儿下单", ""},
    {"可以用花呗分期付款吗", "支付"},     {"尺码表在哪里可以看到", "尺码"},
    {"快递三天没有更新了", "物流"},       {"这个和那个有什么区别", "商品咨询"},
    {"付款的时候提示失败了😭", "支付"},    {"我要投诉你们太慢了!", "售后"},
};

constexpr std::string_view kHuman[] = {
    "亲亲在的哦，请您稍等",
    "这边马上帮您查一下哈",
    "预计四十八小时内发出",
    "已经帮您备注优先发货了",
    "领券以后直接下单就可以",
    "这款建议您拍大一码哦",
    "地址已经帮您修改好了",
    "支持七天无理由退换的亲",
    "差价会在三天内退给您",
    "快递已经到当地网点了呢",
    "赠品和正品一个包裹发出",
    "麻烦您发一下订单号哦",
    "抱歉让您久等了亲亲❤️",
    "您看这样处理可以吗亲",
    "尾款今晚八点开始支付",
    "实物和图片是一样的哈",
    "已经帮您登记退款申请了",
    "还有什么可以帮您的吗",
};

constexpr std::string_view kBot[] = {
    "您好，订单正在加急出库", "点击下方卡片查看物流", "您可以在订单页修改地址",
    "优惠券在首页顶部领取",   "尺码表已经为您发送啦", "正在为您转接人工客服",
    "满三百减五十可以叠加",   "七天无理由退换请放心",
};

constexpr std::string_view kWelcome[] = {
    "您好，欢迎光临本店！",
    "大促期间咨询量大请稍候",
    "亲，客服马上为您服务",
};

constexpr std::string_view kSystem[] = {
    "客服已经接入本次会话",
    "系统提示：请勿私下交易",
    "会话将在超时后自动结束",
};

constexpr std::string_view kNotes[] = {
    "老顾客，之前退过一次",
    "催发货两次了优先处理",
    "已经申请补偿券十元",
};

constexpr std::string_view kGiven[] = {"雅", "晴", "琳", "悦", "楠", "薇", "萌", "宁", "欣", "蕾",
                                       "航", "宇", "涛", "磊", "凯", "然", "诺", "安", "夏", "秋"};
constexpr std::string_view kFamily[] = {"林", "周", "苏", "许", "沈", "陆", "顾", "叶", "程", "江",
                                        "何", "宋", "唐", "方", "韩", "邓", "秦", "白", "温", "梁"};
constexpr std::string_view kBrands[] = {
    "青禾", "云岫", "木棉里", "山月集", "南枝", "拾光里", "橙屿", "白鹿溪", "松果树", "麦田里",
    "知夏", "听澜", "朝露",   "晚风集", "半山", "小满铺", "禾木", "星屿",   "雪松",   "竹里"};
constexpr std::string_view kGoods[] = {"家居", "女装", "母婴", "美妆",
                                       "数码", "食品", "运动", "文具"};
constexpr std::string_view kKinds[] = {"旗舰店", "官方旗舰店", "专卖店", "旗舰店", "专营店"};
constexpr std::string_view kGroups[] = {"售前", "售后", "大促支援"};

}  // namespace

std::span<const Question> questions() { return kQuestions; }
std::span<const std::string_view> human_replies() { return kHuman; }
std::span<const std::string_view> bot_replies() { return kBot; }
std::span<const std::string_view> welcome_lines() { return kWelcome; }
std::span<const std::string_view> system_lines() { return kSystem; }
std::span<const std::string_view> notes() { return kNotes; }
std::span<const std::string_view> agent_groups() { return kGroups; }

std::string long_story(unsigned which) {
  std::string story = "事情是这样的，我从头说\n";
  for (unsigned i = 0; i < 24; ++i) {
    story += kQuestions[(which * 7 + i * 5) % std::size(kQuestions)].text;
    story += "，";
  }
  return story;
}

std::string shop_name(unsigned n) {
  constexpr unsigned kNames = std::size(kBrands);
  constexpr unsigned kAll = kNames * std::size(kGoods);
  const unsigned goods = n % kNames + n / kNames;  // a brand's next shop sells something else
  std::string name(kBrands[n % kNames]);
  name += kGoods[goods % std::size(kGoods)];
  name += kKinds[n % std::size(kKinds)];
  if (n >= kAll) name += std::to_string(n / kAll + 1);
  return name;
}

std::string agent_name(unsigned n) {
  constexpr unsigned kNames = std::size(kGiven);
  constexpr unsigned kAll = (2 + std::size(kFamily)) * kNames;
  const unsigned first = n / kNames % (2 + std::size(kFamily));
  std::string name(first == 0 ? "小" : first == 1 ? "阿" : kFamily[first - 2]);
  name += kGiven[n % kNames];
  if (n >= kAll) name += std::to_string(n / kAll + 1);
  return name;
}

}  // namespace deskpulse::simulator
